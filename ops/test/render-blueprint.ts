/**
 * What Render's documentation of render.yaml says of a web service that is built from a Dockerfile and has a disk. Its own
 * schema comes in no package; here every other field is refused, so that a slip does not pass in silence.
 */
const text = { type: 'string', minLength: 1 }

const variable = (more: Record<string, object>) => ({
  type: 'object',
  required: ['key', ...Object.keys(more)],
  additionalProperties: false,
  properties: { key: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }, ...more },
})

export const RENDER_BLUEPRINT = {
  type: 'object',
  required: ['services'],
  additionalProperties: false,
  properties: {
    services: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['type', 'name', 'runtime'],
        additionalProperties: false,
        properties: {
          type: { const: 'web' },
          name: text,
          runtime: { const: 'docker' },
          region: { enum: ['oregon', 'ohio', 'virginia', 'frankfurt', 'singapore'] },
          plan: { enum: ['free', 'starter', 'standard', 'pro', 'pro plus', 'pro max', 'pro ultra'] },
          branch: text,
          dockerfilePath: text,
          dockerContext: text,
          dockerCommand: text,
          numInstances: { type: 'integer', minimum: 1 },
          healthCheckPath: { type: 'string', pattern: '^/' },
          autoDeployTrigger: { enum: ['off', 'commit', 'checksPass'] },
          // Not together with a disk: `maxShutdownDelaySeconds`, `scaling`, or more than one instance.
          disk: {
            type: 'object',
            required: ['name', 'mountPath'],
            additionalProperties: false,
            properties: {
              name: text,
              mountPath: { type: 'string', pattern: '^/.' },
              sizeGB: { type: 'integer', anyOf: [{ const: 1 }, { multipleOf: 5, minimum: 5 }] },
            },
          },
          envVars: {
            type: 'array',
            items: {
              anyOf: [
                variable({ value: { type: ['string', 'number', 'boolean'] } }),
                variable({ generateValue: { const: true } }),
                variable({ sync: { const: false } }),
              ],
            },
          },
        },
        if: { required: ['disk'] },
        // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
        then: { properties: { numInstances: { maximum: 1 }, plan: { not: { const: 'free' } } } },
      },
    },
  },
}
