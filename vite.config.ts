// How the pages are built: Remix with every v3 flag but lazy route discovery, Tailwind, and what Monaco and Yjs need. Not the server programs.
import { vitePlugin as remix } from '@remix-run/dev'
import tailwindcss from '@tailwindcss/vite'
import { defineConfig } from 'vite'
import { monacoWorkers } from './app/monaco-workers.server.ts'
import { precompress } from './app/precompress.server.ts'
import { inVite as chosenFeatures } from './scripts/chosen-features.mjs'

export default defineConfig({
  plugins: [
    chosenFeatures,
    monacoWorkers(),
    tailwindcss(),
    remix({
      appDirectory: 'app',
      buildDirectory: 'build/app',
      future: {
        v3_fetcherPersist: true,
        v3_relativeSplatPath: true,
        v3_throwAbortReason: true,
        v3_singleFetch: true,
        v3_routeConfig: true,
        // Off: its manifest door is open to anybody and costs work per request; a dozen routes lose nothing.
        v3_lazyRouteDiscovery: false,
      },
    }),
    precompress({ folder: 'build/app/client' }),
  ],
  resolve: {
    // y-monaco reaches for a path that newer Monaco no longer exports; two copies of Yjs would break every document.
    alias: { 'monaco-editor/esm/vs/editor/editor.api.js': 'monaco-editor/editor' },
    dedupe: ['yjs', 'react', 'react-dom'],
  },
  // Tree-shaking the TypeScript worker takes half a minute and saves nothing.
  worker: { format: 'es', rollupOptions: { treeshake: false } },
  build: {
    target: 'es2022',
    reportCompressedSize: false,
    // The policy of our pages allows no data: fonts; every asset is a file of its own.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 6000,
  },
  optimizeDeps: {
    include: [
      'react',
      'react-dom/client',
      'radix-ui',
      'sonner',
      'lucide-react',
      'clsx',
      'zod',
      'yjs',
      'y-websocket',
      'y-indexeddb',
      'y-monaco',
      'socket.io-client',
      '@xterm/xterm',
      '@xterm/addon-fit',
      'monaco-editor/editor',
    ],
  },
})
