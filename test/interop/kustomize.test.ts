import { describe, expect, inject, test } from 'vitest'
import { parseAllDocuments, parse as parseYaml, stringify } from 'yaml'
import { yaml } from '../../src/formats/yaml.ts'
import { sealForAna } from './people.ts'
import { runProgram } from './program.ts'
import { type Desk, hasSops, newDesk } from './sops.ts'

const RESOURCES = `# kept in one file
apiVersion: v1
kind: Secret
metadata:
  name: database
  labels: {app: shop}
stringData:
  # asked for by the chart
  password: "p@ss: word"
  port: "5432"
  ca.pem: |
    -----BEGIN CERTIFICATE-----
    MIIB
    -----END CERTIFICATE-----
---
apiVersion: v1
kind: Secret
metadata: {name: token}
type: Opaque
data: {token: aHVudGVyMg==}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  level: info
  retries: "3"
`
const SELECTOR = { kind: 'encrypted-regex', text: '^(data|stringData)$' } as const

const { kustomize } = inject('peers')

/** What Kustomize makes of a folder: one text for each resource. */
async function build(desk: Desk, kustomization: object): Promise<readonly string[]> {
  desk.write('kustomization.yaml', stringify(kustomization))
  const { code, stdout, stderr } = await runProgram(kustomize ?? 'kustomize', ['build', '.'], { cwd: desk.folder })
  expect(code, stderr).toBe(0)
  return parseAllDocuments(stdout).map((document) => String(document))
}

interface Resource {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly data?: Readonly<Record<string, string>>
}

describe.skipIf(!hasSops || kustomize === null)('Kustomize takes encrypted files apart', () => {
  test.for(['kmsfile', 'sops'] as const)('each resource of a file opens by itself with %s', async (reader) => {
    const desk = newDesk()
    desk.write('secrets.enc.yaml', (await sealForAna(yaml, RESOURCES, { selector: SELECTOR })).text)
    const built = await build(desk, {
      resources: ['secrets.enc.yaml'],
      namespace: 'shop',
      labels: [{ pairs: { stage: 'prod' } }],
    })
    const plain = parseAllDocuments(RESOURCES).map((document): Resource => document.toJS())
    expect(built).toHaveLength(plain.length)

    for (const [i, text] of built.entries()) {
      expect(text).toContain('ENC[AES256_GCM,')
      desk.write(`${i}.yaml`, text)
      // The MAC is one of all resources together.
      const { code, stdout, stderr } = await desk[reader](['decrypt', '--ignore-mac', `${i}.yaml`])
      expect(code, stderr).toBe(0)
      const resource: Resource = parseYaml(stdout)
      const own = plain.find(({ metadata }) => metadata.name === resource.metadata.name)
      expect(resource).toMatchObject({ ...own, metadata: { ...own?.metadata, namespace: 'shop' } })
      expect(resource).not.toHaveProperty('sops')
    }
  })

  test('a file in a generated Secret is the file', async () => {
    const desk = newDesk()
    const { text } = await sealForAna(yaml, RESOURCES)
    desk.write('app.enc.yaml', text)
    const [built = ''] = await build(desk, { secretGenerator: [{ name: 'app', files: ['app.enc.yaml'] }] })

    const { data }: Resource = parseYaml(built)
    const file = Buffer.from(data?.['app.enc.yaml'] ?? '', 'base64').toString('utf8')
    expect(file).toBe(text)
    desk.write('out.yaml', file)
    expect((await desk.kmsfile(['decrypt', 'out.yaml'])).stdout).toBe(RESOURCES)
    expect((await desk.sops(['decrypt', 'out.yaml'])).code).toBe(0)
  })
})
