/** `copy-database.ts FROM TO`: the database as it is at this moment, while a bus is at work on it. */
import { copyInto } from '../../service/store/sqlite/copy.ts'

const [from, to] = process.argv.slice(2) as [string, string]
copyInto(from, to, Date.now())
