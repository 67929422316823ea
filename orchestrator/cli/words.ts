// A refusal of the command line: one sentence saying what is wrong and what to do, never a stack.

export class Refusal extends Error {
  constructor(say: string) {
    super(say)
    this.name = 'Refusal'
  }
}
