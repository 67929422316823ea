// Test part: the workbench alone in a page, as the repl's route mounts it. Query: repl, as, role, theme.
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Workbench } from '../../app/ide/workbench.client.tsx'
import type { Repl } from '../../protocol/repl.ts'
import '../../app/ui/app.css'
import { LiveRegion } from '../../app/ui/live-region.tsx'
import { ThemeScope } from '../../app/ui/theme.tsx'
import { Theme } from '../../app/ui/theme-choice.ts'
import { Toaster } from '../../app/ui/toast.tsx'
import { TooltipScope } from '../../app/ui/tooltip.tsx'

const query = new URLSearchParams(location.search)
const who = query.get('as') ?? 'Ada'
const role = query.get('role') === 'viewer' ? 'viewer' : query.get('role') === 'editor' ? 'editor' : 'owner'
const theme = Theme.catch('system').parse(query.get('theme'))
document.documentElement.dataset['theme'] = theme

const repl: Repl = {
  id: query.get('repl') ?? '',
  name: query.get('name') ?? 'two-sum',
  template: 'python',
  role,
  ownerName: 'Ada',
  phase: 'RUNNING',
  desired: 'running',
  generation: 1,
  reason: null,
  level: 'process',
  createdAt: 1,
  changedAt: 1,
  committedAt: null,
}
const person = { id: `${who.toLowerCase().repeat(16)}`.slice(0, 16), name: who, admin: false }

createRoot(document.getElementById('page') ?? document.body).render(
  <StrictMode>
    <ThemeScope theme={theme}>
      <TooltipScope>
        <Workbench repl={repl} person={person} />
        <Toaster />
        <LiveRegion />
      </TooltipScope>
    </ThemeScope>
  </StrictMode>,
)
