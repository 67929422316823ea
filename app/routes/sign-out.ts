// POST: forgets who is signed in, in this browser.
import { redirect, type ActionFunctionArgs } from '../framework.server.ts'
import { services } from '../services/context.server.ts'

export const action = ({ context }: ActionFunctionArgs) =>
  redirect('/', { headers: { 'set-cookie': services(context).cookie.signOut() } })

export const loader = () => redirect('/')
