/** A repository from whose tags a bus is installed, and the server that it lies on. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const COMMITTER = [
  '-c',
  'user.name=a test',
  '-c',
  'user.email=test@bus.example',
  '-c',
  'commit.gpgsign=false',
]

export class Repository {
  readonly folder = mkdtempSync(join(tmpdir(), 'repository-'))
  /** What is committed: to be filled. */
  readonly tree = join(this.folder, 'tree')
  #server: Server | null = null
  /** Bytes of what is fetched after which the line breaks. */
  breaksAfter: number | null = null

  constructor() {
    execFileSync('git', ['init', '-q', '--bare', join(this.folder, 'intent-bus.git')])
    execFileSync('git', ['init', '-q', this.tree])
  }

  /** Publishes what lies in {@link tree} under this name. */
  tag(name: string): void {
    const git = (...args: string[]) => execFileSync('git', ['-C', this.tree, ...COMMITTER, ...args])
    git('add', '-A')
    git('commit', '-q', '--allow-empty', '-m', name)
    git('tag', name)
    git('push', '-q', join(this.folder, 'intent-bus.git'), 'HEAD', name)
  }

  /** Where this machine finds it. */
  get fileUrl(): string {
    return `file://${this.folder}/intent-bus.git`
  }

  /** Puts it on the network, by git's own program for that. @returns its address */
  async serve(): Promise<string> {
    const server = createServer((request, response) => this.#answer(request, response))
    this.#server = server
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/intent-bus.git`
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const [path, query = ''] = request.url!.split('?')
    const backend = spawn('git', ['http-backend'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: {
        PATH: process.env['PATH'],
        GIT_PROJECT_ROOT: this.folder,
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_PROTOCOL: `${request.headers['git-protocol'] ?? ''}`,
        REQUEST_METHOD: request.method,
        PATH_INFO: path,
        QUERY_STRING: query,
        CONTENT_TYPE: request.headers['content-type'],
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
      },
    })
    // It may have said no by then.
    backend.stdin.on('error', () => undefined)
    request.pipe(backend.stdin)
    const said: Buffer[] = []
    backend.stdout.on('data', chunk => said.push(chunk))
    backend.on('close', () => {
      const answer = Buffer.concat(said)
      const end = answer.indexOf('\r\n\r\n')
      const headers = answer.subarray(0, end).toString().split('\r\n')
      let status = 200
      for (const [name, value] of headers.map(line => line.split(': ') as [string, string])) {
        if (name === 'Status') status = Number.parseInt(value, 10)
        else response.setHeader(name, value)
      }
      const body = answer.subarray(end + 4)
      response.writeHead(status, { 'content-length': body.length })
      if (this.breaksAfter === null || body.length <= this.breaksAfter) response.end(body)
      else response.write(body.subarray(0, this.breaksAfter), () => response.destroy())
    })
  }

  remove(): void {
    this.#server?.closeAllConnections()
    this.#server?.close()
    rmSync(this.folder, { recursive: true })
  }
}
