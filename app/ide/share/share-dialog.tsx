// Who gets into this repl, who is in it and what happened: for its owner; words and a way out for everybody else.
import { Tabs } from 'radix-ui'
import { can } from '../../../protocol/access.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { usePart, useStore } from '../use-store.ts'
import { useWorkbench, type ViewState } from '../workbench-context.ts'
import { ActivityPanel } from './activity-panel.tsx'
import { LeavePanel } from './leave-panel.tsx'
import { LinksPanel } from './links-panel.tsx'
import { MembersPanel } from './members-panel.tsx'

const tab =
  'h-9 border-b-2 border-transparent forced-colors:border-[Canvas] px-1 font-medium text-muted hover:text-ink ' +
  'data-[state=active]:border-accent forced-colors:data-[state=active]:border-accent data-[state=active]:text-ink pointer-coarse:h-11'

export function ShareDialog() {
  const { view, repl, link } = useWorkbench()
  const dialog = usePart(view, (now) => now.dialog)
  const role = useStore(link.doors.latest)?.role ?? repl.role
  const show = (next: ViewState['dialog']): void => view.update((now) => ({ ...now, dialog: next }))
  const isOpen = dialog === 'share' || dialog === 'members' || dialog === 'activity'
  return (
    <Dialog
      open={isOpen}
      onOpenChange={(open) => !open && show(null)}
      title={`Share ${repl.name}`}
      width={560}
    >
      {can(role, 'member.change') ? (
        <Tabs.Root
          value={dialog ?? 'share'}
          onValueChange={(value) => show(value === 'members' || value === 'activity' ? value : 'share')}
        >
          <Tabs.List aria-label="Sharing" className="-mt-2 mb-4 flex gap-4 border-b border-line">
            <Tabs.Trigger value="share" className={tab}>
              Invite links
            </Tabs.Trigger>
            <Tabs.Trigger value="members" className={tab}>
              Members
            </Tabs.Trigger>
            <Tabs.Trigger value="activity" className={tab}>
              Activity
            </Tabs.Trigger>
          </Tabs.List>
          <Tabs.Content value="share" className="outline-none">
            <LinksPanel />
          </Tabs.Content>
          <Tabs.Content value="members" className="outline-none">
            <MembersPanel />
          </Tabs.Content>
          <Tabs.Content value="activity" className="outline-none">
            <ActivityPanel />
          </Tabs.Content>
        </Tabs.Root>
      ) : (
        <LeavePanel role={role} />
      )}
    </Dialog>
  )
}
