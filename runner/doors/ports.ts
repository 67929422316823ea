// The ports' door: socket.io namespace `/ports` tells every page which ports programs listen on. Pages say nothing here.
import type { Namespace, Socket } from 'socket.io'
import { can, DoorClaims } from '../../protocol/access.ts'
import type { BoxPortsWatch } from './ports-box.ts'

export function portsDoor(namespace: Namespace, watch: BoxPortsWatch): void {
  watch.onChange((ports) => namespace.emit('ports', { ports }))
  namespace.on('connection', (socket: Socket) => {
    const claims = DoorClaims.safeParse(socket.data.claims)
    if (!claims.success || !can(claims.data.role, 'preview.see')) return void socket.disconnect(true)
    socket.emit('ports', { ports: watch.ports })
  })
}
