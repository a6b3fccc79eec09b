/**
 * A resource that is there when a new machine has finished its first start and its Docker answers. What is made in that Docker
 * depends on it. As a dynamic resource, so that no further plugin has to be installed.
 */
import childProcess from 'node:child_process'
import * as pulumi from '@pulumi/pulumi'
import { type SshTo, sshOptions } from './ssh-options.ts'

export type DockerReadyInputs = SshTo & {
  /** `root` unless somebody else is given: whoever may speak to Docker. */
  user: string
  /** A directory that has to be a mount, before anything is written below it. */
  mount: string
  /** A command there that is run when the first start did not end well, and may be run often; none unless given. */
  makeReady?: string
  /** Of the machine: another one is waited for anew. */
  machine: string
  /** Seconds for all of it: 900 unless told otherwise. */
  seconds: number
  /** Seconds between two attempts to connect: 5 unless told otherwise. */
  pauseSeconds: number
  /** Seconds that a machine may show another host key, or not know ours, while it starts: 60 unless told otherwise. */
  patienceSeconds: number
}

type Ended = { code: number; out: string; err: string }

/** The machine's first word: an attempt that time cuts short after it was one that had got there. */
const REACHED = 'intent-bus: reached'

/**
 * Ends well when the volume is mounted and Docker answers. How cloud-init ended is never changed any more, so it decides nothing when
 * `makeReady` has made up for it. (`cloud-init status` ends with 2 when all was done and something was frowned upon.)
 */
const question = ({ mount, makeReady }: DockerReadyInputs): string =>
  [
    `echo '${REACHED}' >&2`,
    'ready() {',
    `  mountpoint -q ${mount} || { echo "nothing is mounted on ${mount}" >&2; return 1; }`,
    '  docker info --format "{{.ServerVersion}}"',
    '}',
    'cloud-init status --wait >/dev/null',
    'case $? in 0 | 2) ready && exit ;; esac',
    ...(makeReady === undefined ? [] : [`${makeReady} >&2 && ready && exit`]),
    '{ cloud-init status --long; tail -n 20 /var/log/cloud-init-output.log; } >&2',
    'exit 3',
  ].join('\n')

function ssh(inputs: DockerReadyInputs, seconds: number): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const args = [...sshOptions(inputs), '--', `${inputs.user}@${inputs.address}`, question(inputs)]
    const options = { timeout: Math.ceil(seconds * 1000), maxBuffer: 2 ** 20 }
    childProcess.execFile('ssh', args, options, (error, out, stderr) => {
      const err = stderr.replace(`${REACHED}\n`, '')
      const code = error === null ? 0 : error.code
      if (code === 'ENOENT') reject(new Error('ssh is not installed on the machine where pulumi runs'))
      else if (error?.killed) {
        resolve({ code: 255, out, err: err === stderr ? '' : 'its first start was not over' })
      } else resolve({ code: typeof code === 'number' ? code : 255, out, err })
    })
  })
}

/** What more waiting does not mend, once the machine is up. */
function refusal({ user, address }: DockerReadyInputs, err: string): string | undefined {
  if (/host key verification failed|no matching host key/i.test(err)) {
    return `${address} has another host key than the one made for it: somebody else answers there.`
  }
  if (/permission denied/i.test(err)) {
    return `${user}@${address} does not take the SSH key that was offered: set sshKey to the private half of the one that the machine was made with, or add it to the agent.`
  }
  return undefined
}

/** @returns the version of the Docker @throws when the machine is another one, its start failed, or time is up */
async function waitForDocker(inputs: DockerReadyInputs): Promise<string> {
  const deadline = Date.now() + inputs.seconds * 1000
  let last = 'it did not answer'
  let refusedSince: number | undefined
  for (;;) {
    const left = (deadline - Date.now()) / 1000
    if (left <= 0) {
      throw new Error(`${inputs.address} was not ready within ${inputs.seconds} s. At last: ${last}`)
    }
    const { code, out, err } = await ssh(inputs, left)
    if (code === 0) return out.trim()
    // 255 is ssh's own: a machine that does not listen yet, or one that is not the right one.
    if (code !== 255) {
      throw new Error(
        `The first start of ${inputs.address} did not end well. When it is mended, \`pulumi up\` tries again:\n${err}`,
      )
    }
    const reason = refusal(inputs, err)
    refusedSince = reason === undefined ? undefined : (refusedSince ?? Date.now())
    if (refusedSince !== undefined && Date.now() - refusedSince >= inputs.patienceSeconds * 1000) {
      throw new Error(`${reason}\n${err}`)
    }
    last = err.trim() || last
    await new Promise(resolve => setTimeout(resolve, inputs.pauseSeconds * 1000))
  }
}

type Outputs = DockerReadyInputs & { docker: string }

export const dockerReadyProvider: pulumi.dynamic.ResourceProvider<DockerReadyInputs, Outputs> = {
  async create(inputs) {
    return { id: inputs.machine, outs: { ...inputs, docker: await waitForDocker(inputs) } }
  },
  // Where the identity file lies, or how long one waits, is no other machine.
  async diff(_id, olds, news) {
    const replaces = (['machine', 'address', 'hostKey'] as const).filter(key => olds[key] !== news[key])
    return { changes: replaces.length > 0, replaces: [...replaces], deleteBeforeReplace: true }
  },
}

export type DockerReadyArgs = {
  [Name in keyof DockerReadyInputs]: pulumi.Input<Exclude<DockerReadyInputs[Name], undefined>>
}

/** Is there when `cloud-init` has ended well, the volume is mounted and Docker answers. */
export class DockerReady extends pulumi.dynamic.Resource {
  declare readonly address: pulumi.Output<string>
  /** The version of the Docker. */
  declare readonly docker: pulumi.Output<string>

  constructor(
    name: string,
    args: Partial<DockerReadyArgs> & Pick<DockerReadyArgs, 'address' | 'hostKey' | 'machine' | 'mount'>,
    options: pulumi.CustomResourceOptions = {},
  ) {
    const props = {
      user: 'root',
      seconds: 900,
      pauseSeconds: 5,
      patienceSeconds: 60,
      ...args,
      docker: undefined,
    }
    super(dockerReadyProvider, name, props, options, 'intent-bus', 'DockerReady')
  }
}
