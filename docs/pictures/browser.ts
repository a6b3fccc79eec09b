/** Chromium by its DevTools protocol, as far as a picture of a page needs it. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Running } from '../../ops/test/running.ts'

type Frame = { width: number; height: number; phone?: boolean }

export type Picture = Frame & {
  url: string
  headers?: Record<string, string>
  /** An expression of JavaScript that is true once the page shows what it should. */
  shows: string
  /** One that is run then, as somebody would click. */
  does?: string
  /** The uppermost element that is in the picture, by a selector and how its text begins. Else it is the top of the page. */
  from?: { selector: string; text: string }
}

const QUALITY = 70

export class Browser {
  readonly #running: Running
  readonly #port: number

  private constructor(running: Running, port: number) {
    this.#running = running
    this.#port = port
  }

  /** @param folder for its profile */
  static async start(chromium: string, folder: string): Promise<Browser> {
    const running = new Running(chromium, [
      ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars'],
      ...['--remote-debugging-port=0', `--user-data-dir=${folder}`, '--no-proxy-server', 'about:blank'],
    ])
    const place = join(folder, 'DevToolsActivePort')
    await running.until(() => existsSync(place) && readFileSync(place, 'utf8').includes('\n'))
    return new Browser(running, Number(readFileSync(place, 'utf8').split('\n')[0]))
  }

  stop(): Promise<void> {
    return this.#running.stop()
  }

  /** @returns it as WebP @throws when the page does not show what it should within 30 s */
  async take({
    url,
    width,
    height,
    phone = false,
    headers = {},
    shows,
    does,
    from,
  }: Picture): Promise<Buffer> {
    const made = await fetch(`http://127.0.0.1:${this.#port}/json/new?about:blank`, { method: 'PUT' })
    const { webSocketDebuggerUrl } = (await made.json()) as { webSocketDebuggerUrl: string }
    const tab = await Tab.open(webSocketDebuggerUrl)
    try {
      await tab.call('Network.enable')
      await tab.call('Network.setExtraHTTPHeaders', { headers })
      await tab.call('Emulation.setDeviceMetricsOverride', {
        width,
        height,
        deviceScaleFactor: 1,
        mobile: phone,
      })
      await tab.call('Page.navigate', { url })
      const evaluate = async (expression: string) => {
        const { result } = await tab.call<{ result: { value?: unknown } }>('Runtime.evaluate', { expression })
        return result.value
      }
      const deadline = performance.now() + 30_000
      while ((await evaluate(`document.readyState === 'complete' && Boolean(${shows})`)) !== true) {
        if (performance.now() > deadline) throw new Error(`${url} does not come to show: ${shows}`)
        await new Promise(resolve => setTimeout(resolve, 100))
      }
      if (does !== undefined) await evaluate(does)
      const y = from === undefined ? 0 : Number(await evaluate(topOf(from)))
      const { data } = await tab.call<{ data: string }>('Page.captureScreenshot', {
        format: 'webp',
        quality: QUALITY,
        captureBeyondViewport: true,
        clip: { x: 0, y, width, height, scale: 1 },
      })
      return Buffer.from(data, 'base64')
    } finally {
      tab.close()
    }
  }
}

/** @returns an expression: how far it is from the top of the page, in pixels */
const topOf = ({ selector, text }: { selector: string; text: string }): string =>
  `[...document.querySelectorAll(${JSON.stringify(selector)})]
    .find(each => each.innerText.trim().startsWith(${JSON.stringify(text)}))
    .getBoundingClientRect().top + scrollY`

class Tab {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (answer: { result?: unknown; error?: { message: string } }) => void>()
  #calls = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => {
      const answer = JSON.parse(`${data}`)
      this.#waiting.get(answer.id)?.(answer)
      this.#waiting.delete(answer.id)
    })
  }

  static async open(url: string): Promise<Tab> {
    const socket = new WebSocket(url)
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve)
      socket.addEventListener('error', () => reject(new Error(`${url} does not answer`)))
    })
    return new Tab(socket)
  }

  call<T>(method: string, params: object = {}): Promise<T> {
    this.#calls += 1
    const id = this.#calls
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) =>
        error === undefined ? resolve(result as T) : reject(new Error(`${method}: ${error.message}`)),
      )
      this.#socket.send(JSON.stringify({ id, method, params }))
    })
  }

  close(): void {
    this.#socket.close()
  }
}
