/** The command as whoever reads a hint can type it: `npx` sets this, and the command is then mostly on no path. */
export const COMMAND = process.env['npm_command'] === 'exec' ? 'npx intent-bus' : 'intent-bus'
