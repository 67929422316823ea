// Keeps the crash of one panel inside it: what happened in words, a way to try again, and the rest of the page goes on.
import { Component, type ErrorInfo, type ReactNode } from 'react'
import { Button } from '../ui/button.tsx'
import { ErrorView } from '../ui/views.tsx'

interface PanelBoundaryProps {
  /** Name of the panel, as people see it. */
  name: string
  children: ReactNode
}

export class PanelBoundary extends Component<PanelBoundaryProps, { fault: Error | null }> {
  override state: { fault: Error | null } = { fault: null }

  static getDerivedStateFromError(fault: Error): { fault: Error } {
    return { fault }
  }

  override componentDidCatch(fault: Error, info: ErrorInfo): void {
    reportError(new Error(`${this.props.name} failed${info.componentStack ?? ''}`, { cause: fault }))
  }

  override render(): ReactNode {
    if (this.state.fault === null) return this.props.children
    return (
      <ErrorView
        title={`${this.props.name} stopped working`}
        say="The other panels go on, and what you typed is kept."
        action={
          <Button look="plain" onClick={() => this.setState({ fault: null })}>
            Open {this.props.name} again
          </Button>
        }
      />
    )
  }
}
