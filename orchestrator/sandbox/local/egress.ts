// What a box with a private network may reach, as nftables rules: the internet, never this machine nor its neighbours.
import { networkInterfaces } from 'node:os'

/** The box's side of its network: addresses that pasta gives it. Its name server is pasta, which asks ours. */
export const boxNetwork = {
  address: '10.0.2.100',
  mask: '255.255.255.0',
  gateway: '10.0.2.2',
  dns: '10.0.2.3',
} as const

/** This host, private and shared networks, link-local (cloud metadata), test nets for benchmarks, multicast, reserved. */
export const refusedNetworks = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
] as const

/** Every IPv4 address this machine answers at. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, address }) => family === 'IPv4' && !address.startsWith('127.'))
    .map(({ address }) => address)
}

/** Not by routes: a socket bound to the device goes past them. IPv6 is refused whole, for the box has no address of it. */
export function egressRules(own: readonly string[]): string {
  const refused = [...refusedNetworks, ...new Set(own)].join(', ')
  return `table inet devex {
  set refused { type ipv4_addr; flags interval; auto-merge; elements = { ${refused} } }
  chain out {
    type filter hook output priority 0; policy accept;
    oifname "lo" accept
    ip daddr ${boxNetwork.dns} udp dport 53 accept
    meta nfproto ipv6 reject
    ip daddr @refused reject
  }
}
`
}
