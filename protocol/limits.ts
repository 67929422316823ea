// Every number that bounds what a peer may send or a process may hold, with its unit and its reason.

const KiB = 1024
const MiB = 1024 * KiB

export const limits = {
  /** Bytes of one frame on a collab socket: holds the first sync of the largest document. */
  collabFrameBytes: 16 * MiB,
  /** Bytes of one update from a peer; a larger paste is refused in words, and belongs in an upload. */
  collabUpdateBytes: 6 * MiB,
  /** Bytes of a state vector: some 30,000 clients, of which every page that ever edited the document is one. */
  vectorBytes: 256 * KiB,
  /** Bytes of one presence state. */
  presenceBytes: 4 * KiB,
  /** Room sockets of one person in one repl at the relay, all tabs together: each open file is one. */
  roomsPerPerson: 200,
  /** Pages of one person at a runner's live door: each has one socket in each of its namespaces. */
  pagesPerPerson: 32,
  /** Bytes that a person's pages at the live door may have untaken before large answers are refused: three of the largest trees. */
  pagesQueuedBytes: 16 * MiB,
  /** Update frames per second and peer, and the burst above it. */
  updatesPerSecond: 200,
  updatesBurst: 1000,
  /** Bytes of unsaved updates a relay keeps for a room before it stops reading from writers. */
  tailBytes: 4 * MiB,
  /** Bytes queued on a peer's socket above which it is lagging, and below which it is caught up. */
  laggingBytes: 512 * KiB,
  caughtUpBytes: 64 * KiB,
  /** Bytes queued on all room sockets of a person in one repl above which no further document's state is sent to them. */
  answersBytes: 24 * MiB,
  /** A lagging peer is closed after this many milliseconds. */
  laggingMs: 30_000,
  /** Something is sent to every collab peer at least this often: stock clients reconnect after 30 s of silence. */
  collabKeepaliveMs: 20_000,
  /** Bytes of a text file that may become a document; larger files are shown read-only. */
  documentBytes: 10 * MiB,
  /** Characters of all open documents of a session above which no other is opened: each costs its runner three bytes or so. */
  openCharacters: 128 * MiB,
  /** Bytes of one uploaded file. */
  uploadBytes: 256 * MiB,
  /** Entries that a tree may list before folders are listed on demand only. */
  treeEntries: 50_000,
  /** Terminals of one session. */
  terminals: 32,
  /** Bytes of one input message to a terminal: a 6 MB paste is refused in words. */
  terminalInputBytes: 1 * MiB,
  /** Bytes of recent output kept per terminal. */
  ringBytes: 2 * MiB,
  /**
   * What a runner takes from a box, which may be a person's program: bytes of a frame (a batch of output is half of it), of its
   * header (a hello of all terminals is half of that), of what brings a fresh screen to a mark, and frames in a millisecond.
   */
  boxFrameBytes: 512 * KiB,
  boxHeaderBytes: 32 * KiB,
  boxMarkBytes: 8 * KiB,
  boxFramesPerMs: 20,
  /** Output of one terminal in bytes: more than any session prints, and far from where numbers lose their last digits. */
  outputBytes: 2 ** 50,
  terminalCols: { min: 2, max: 500 },
  terminalRows: { min: 1, max: 300 },
  /** People's repls and running sessions on one installation. */
  /** Zips that are made at once of one repl, each for another person: work and open files of a process that all share. */
  zipsAtOnce: 3,
  replsPerPerson: 100,
  runningPerPerson: 20,
  /** Milliseconds a page holds Enter and Run for its own edits before it says so. */
  enterHoldMs: 250,
  /** Milliseconds after which a held Enter is given back to the person with words instead of being sent. */
  enterGiveUpMs: 10_000,
  /** Seconds of a person's token, and the tolerated skew of clocks. */
  tokenSeconds: 600,
  tokenSkewSeconds: 60,
} as const
