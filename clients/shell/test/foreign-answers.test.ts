import { foreignAnswersIn } from './foreign-answers.ts'
import { shellNamed } from './shells.ts'

// Whatever sh this machine has. The heavier suite goes through all the shells.
foreignAnswersIn(shellNamed('sh', ['sh']))
