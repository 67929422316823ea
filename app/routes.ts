// Every address of the app and the file that answers it.
interface Route {
  path?: string
  index?: true
  file: string
}

const routes: Route[] = [
  { index: true, file: 'routes/dashboard.tsx' },
  { path: 'welcome/:code', file: 'routes/welcome.$code.tsx' },
  { path: 'invite/:code', file: 'routes/invite.$code.tsx' },
  { path: 'sign-out', file: 'routes/sign-out.ts' },
  { path: 'theme', file: 'routes/theme.ts' },
  { path: 'templates', file: 'routes/templates.ts' },
  { path: 'repls', file: 'routes/repls.ts' },
  { path: 'repl/:id', file: 'routes/repl.$id.tsx' },
  { path: 'repl/:id/now', file: 'routes/repl.$id.now.ts' },
  { path: 'repl/:id/use', file: 'routes/repl.$id.use.ts' },
  { path: 'repl/:id/progress', file: 'routes/repl.$id.progress.ts' },
  { path: 'repl/:id/doors', file: 'routes/repl.$id.doors.ts' },
  { path: 'repl/:id/start', file: 'routes/repl.$id.start.ts' },
  { path: 'repl/:id/stop', file: 'routes/repl.$id.stop.ts' },
  { path: 'repl/:id/rename', file: 'routes/repl.$id.rename.ts' },
  { path: 'repl/:id/delete', file: 'routes/repl.$id.delete.ts' },
  { path: 'repl/:id/undelete', file: 'routes/repl.$id.undelete.ts' },
  { path: 'repl/:id/zip', file: 'routes/repl.$id.zip.ts' },
  { path: 'repl/:id/no-file', file: 'routes/repl.$id.no-file.tsx' },
  { path: 'repl/:id/kept/:kept', file: 'routes/repl.$id.kept.$kept.ts' },
  { path: 'repl/:id/preview', file: 'routes/repl.$id.preview.ts' },
  { path: 'repl/:id/preview-visit', file: 'routes/repl.$id.preview-visit.tsx' },
  { path: 'repl/:id/preview-visibility', file: 'routes/repl.$id.preview-visibility.ts' },
  { path: 'repl/:id/members', file: 'routes/repl.$id.members.ts' },
  { path: 'repl/:id/invites', file: 'routes/repl.$id.invites.ts' },
  { path: 'repl/:id/audit', file: 'routes/repl.$id.audit.ts' },
  { path: '*', file: 'routes/missing.tsx' },
]

export default routes
