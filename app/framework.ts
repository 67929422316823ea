// The only place where code that reaches the browser imports Remix; a later move to its successor changes this file. No server parts.
export {
  Form,
  Link,
  Links,
  Meta,
  Outlet,
  RemixBrowser,
  Scripts,
  ScrollRestoration,
  isRouteErrorResponse,
  useActionData,
  useLoaderData,
  useNavigate,
  useNavigation,
  useParams,
  useRouteError,
  useRouteLoaderData,
} from '@remix-run/react'
export type { MetaFunction, ShouldRevalidateFunction } from '@remix-run/react'
