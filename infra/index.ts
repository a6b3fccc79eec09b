/** `pulumi up`: the configuration of the stack, the rules, and the target that it names. */
import { configOfStack } from './config/of-stack.ts'
import { enforcePolicy } from './policy/enforce.ts'
import { deploy } from './targets/deploy.ts'

export default function program() {
  const config = configOfStack()
  enforcePolicy(config.deleteData)
  return deploy(config)
}
