/**
 * What is published, as folders of JavaScript with a package.json of their own: Node takes no types out of what is under
 * node_modules, and npm publishes `exports` as they are written, where those of the sources name TypeScript.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'

/** A folder of the repository that becomes a package. */
export type Package = {
  folder: string
  /** What of the folder's files goes along. */
  takes: RegExp
  /** Whether other people's programs import it, so that they want its types. */
  isLibrary: boolean
}

export const PUBLISHED: readonly Package[] = [
  { folder: 'clients/typescript', takes: /^src\//, isLibrary: true },
  { folder: 'service', takes: /^(?!test\/|bench\/)/, isLibrary: false },
  { folder: 'clients/cli', takes: /^src\/|^intent-bus\.js$/, isLibrary: false },
]

type Exports = Record<string, string | { types: string; default: string }>
type PackageJson = Record<string, unknown> & { exports?: Exports }

/** Builds it in the directory `to`, which is emptied. @param root of the clone */
export function build(root: string, { folder, takes, isLibrary }: Package, to: string): void {
  rmSync(to, { recursive: true, force: true })
  const sources = filesOf(join(root, folder)).filter(path => takes.test(path) || path === 'README.md')
  const placed = (path: string) => (isLibrary ? path.replace(/^src\//, 'dist/') : path)
  for (const path of sources) {
    const out = join(to, placed(path))
    mkdirSync(dirname(out), { recursive: true })
    if (path.endsWith('.ts')) writeFileSync(out.replace(/\.ts$/, '.js'), javaScript(join(root, folder, path)))
    else if (path.endsWith('.js'))
      writeFileSync(out, inJavaScript(readFileSync(join(root, folder, path), 'utf8')))
    else cpSync(join(root, folder, path), out)
  }
  if (isLibrary) declare(join(root, folder, 'src'), join(to, 'dist'))
  cpSync(join(root, 'LICENSE'), join(to, 'LICENSE'))
  const own = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as PackageJson
  writeFileSync(join(to, 'package.json'), `${JSON.stringify(published(own, takes, isLibrary), null, 2)}\n`)
}

/** Those that git has: a secret that lies about is in no package. By their paths in the folder. */
const filesOf = (folder: string): string[] =>
  execFileSync('git', ['ls-files', '-z'], { cwd: folder, encoding: 'utf8' })
    .split('\0')
    .filter(path => path !== '')

/** Without what only the clone can use: the workspace's scripts, its development, its tests and its sources. */
function published(own: PackageJson, takes: RegExp, isLibrary: boolean): PackageJson {
  const { private: _, scripts: __, devDependencies: ___, files: ____, exports = {}, ...kept } = own
  const subpaths = Object.entries(exports).flatMap(([name, target]): [string, Exports[string]][] => {
    // Of a library, `.` is what has been built for programs in the clone; here it is built beside the rest.
    const path = typeof target === 'string' ? target : './src/index.ts'
    if (!takes.test(path.slice(2))) return []
    const file = (isLibrary ? path.replace('./src/', './dist/') : path).replace(/\.ts$/, '.js')
    return [[name, isLibrary ? { types: file.replace(/\.js$/, '.d.ts'), default: file } : file]]
  })
  return subpaths.length === 0 ? kept : { ...kept, exports: Object.fromEntries(subpaths) }
}

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
}

function javaScript(file: string): string {
  const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
    fileName: file,
    // Explicitly: there is no package.json that says so to a file that is looked at alone.
    compilerOptions: { ...OPTIONS, module: ts.ModuleKind.ESNext },
  })
  const code = inJavaScript(outputText)
  const left = /(?:import|export|new URL)\b[^\n'"]*['"]\.[^\n'"]*(?<!\.d)\.ts['"]/.exec(code)
  if (left !== null) throw new Error(`${file} still names TypeScript: ${left[0]}`)
  return code
}

/** What the compiler leaves alone: the files of threads, and what plain JavaScript imports. */
const inJavaScript = (code: string): string =>
  code.replace(/((?:new URL|import)\(\s*['"]\.[^'"]*)\.ts(?=['"])/g, '$1.js')

function declare(source: string, to: string): void {
  const index = join(source, 'index.ts')
  const wire = ['admin-wire.ts', 'wire.ts'].map(name => join(source, name))
  const program = ts.createProgram([index, ...wire], {
    ...OPTIONS,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.dom.asynciterable.d.ts'],
    types: [],
    strict: true,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: source,
    outDir: to,
  })
  const { diagnostics, emitSkipped } = program.emit()
  const wrong = [...ts.getPreEmitDiagnostics(program), ...diagnostics]
  if (emitSkipped || wrong.length > 0)
    throw new Error(
      ts.formatDiagnostics(wrong, {
        getCanonicalFileName: f => f,
        getCurrentDirectory: () => '',
        getNewLine: () => '\n',
      }),
    )
}
