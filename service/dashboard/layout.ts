import { Html, html } from './html.ts'
import { STYLE } from './style.ts'
import { moment } from './times.ts'

export const HOME = '/admin/dashboard'

export type Layout = {
  title: string
  version: string
  /** Bus time in ms. */
  now: number
  /** Beside the heading: where it leads, and what it says. */
  link: { to: string; text: string }
}

/** A whole page around what it is about. */
export function layout({ title, version, now, link }: Layout, content: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
${new Html(`<style>${STYLE}</style>`)}
</head>
<body>
<header>
<h1><bdi>${title}</bdi></h1>
<p class="soft">${version} · ${moment(now)}</p>
<a href="${link.to}">${link.text}</a>
</header>
<main>
${content}
</main>
</body>
</html>
`.text
}
