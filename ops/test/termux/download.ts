/** A place on the network from which a release comes, and a line that breaks. */
import { createReadStream, statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Release } from './release.ts'

export class Download {
  readonly #server: Server
  /** Bytes of the release after which the line breaks, once. */
  breaksAfter: number | null = null
  /** As many a small server: all of it comes, whatever was asked for. */
  ignoresRanges = false
  /** The `Range` of each time that the release was asked for; `null`: all of it. */
  readonly ranges: (string | null)[] = []

  private constructor(release: Release) {
    const size = statSync(release.tarball).size
    this.#server = createServer((request, response) => {
      if (request.url === '/intent-bus.tar.gz.sha256') {
        response.end(`${release.sha256}  intent-bus.tar.gz\n`)
        return
      }
      this.ranges.push(request.headers.range ?? null)
      const range = this.ignoresRanges ? null : (request.headers.range ?? null)
      const from = range === null ? 0 : Number(/\d+/.exec(range)![0])
      const end = this.breaksAfter ?? size
      response.writeHead(range === null ? 200 : 206, {
        'content-length': size - from,
        ...(range === null ? {} : { 'content-range': `bytes ${from}-${size - 1}/${size}` }),
      })
      const sent = createReadStream(release.tarball, { start: from, end: end - 1 })
      sent.pipe(response, { end: this.breaksAfter === null })
      if (this.breaksAfter !== null) sent.on('end', () => setTimeout(() => response.destroy(), 200))
    })
  }

  static async of(release: Release): Promise<Download> {
    const download = new Download(release)
    await new Promise<void>(resolve => download.#server.listen(0, '127.0.0.1', resolve))
    return download
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/intent-bus.tar.gz`
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}
