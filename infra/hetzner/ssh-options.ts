/** How SSH reaches a machine whose host key is known beforehand: no other key is taken, and no file has to hold it. */

export type SshTo = {
  /** A name or an address. */
  address: string
  /** 22 unless given. */
  port?: number
  /** `ssh-ed25519 AAAA…` */
  hostKey: string
  /** A private key on the machine where `pulumi` runs; ssh's own choice (an agent's, or `~/.ssh/id_*`) unless given. */
  identityFile?: string
}

/** An option that says which key the host has. */
export const knownHostsCommand = (hostKey: string): string => `KnownHostsCommand=/bin/echo %H ${hostKey}`

/**
 * Options of OpenSSH 8.5 or newer, which has `KnownHostsCommand`. `%H` is the name that ssh looks for; ssh starts `echo` itself,
 * without a shell.
 */
export function sshOptions({ port, hostKey, identityFile }: Omit<SshTo, 'address'>): string[] {
  const options = [
    'BatchMode=yes',
    'ConnectTimeout=20',
    'ServerAliveInterval=15',
    'StrictHostKeyChecking=yes',
    'UserKnownHostsFile=/dev/null',
    'GlobalKnownHostsFile=/dev/null',
    'HostKeyAlgorithms=ssh-ed25519',
    knownHostsCommand(hostKey),
  ]
  return [
    ...(port === undefined ? [] : ['-p', `${port}`]),
    ...(identityFile === undefined ? [] : ['-i', identityFile, '-o', 'IdentitiesOnly=yes']),
    ...options.flatMap(option => ['-o', option]),
  ]
}

/** A line for `~/.ssh/known_hosts`. */
export function knownHostsLine({ address, port, hostKey }: SshTo): string {
  return `${port === undefined ? address : `[${address}]:${port}`} ${hostKey}`
}
