/** What examples/ gives to operators, and the unit of docs/operations.md, read against what the server really knows. */
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { parse, parseAllDocuments } from "yaml"
import { loadConfig, variableTable } from "../../src/config/config.ts"
import { configWarnings } from "../../src/config/configWarnings.ts"
import { towerPaths } from "../../src/http/tower/towerPage.ts"
import { protocols } from "../../src/protocols.ts"
import { CoreApi } from "../../src/wire/core/api.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const textOf = (path: string): string => readFileSync(join(root, path), "utf8")
const { version } = JSON.parse(textOf("package.json")) as { version: string }
const known = Object.keys(variableTable(protocols))
const corePaths = Object.values(CoreApi.groups).flatMap(({ endpoints }) =>
  Object.values<{ readonly path: string }>(endpoints as never).map(({ path }) => path)
)

/** What the server runs with in such an environment; names each fault, and allows no variable that it does not read. */
const configOf = (environment: Readonly<Record<string, string>>) => {
  expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([])
  expect(configWarnings(environment, protocols)).toEqual([])
  return Effect.runSync(loadConfig({ NODE_ENV: "production", ...environment }, [], protocols))
}
/** The protocols that have a place. */
const namesOfServed = (config: ReturnType<typeof configOf>): readonly string[] =>
  protocols.map(({ name }) => name).filter((name) => config.protocols[name]?.mount != null)
/** Those that a server has that was told nothing of them. */
const usual = namesOfServed(configOf({ DATABASE_URL: "postgres://db.example.org/silktower" }))
const secondsOf = (text: string): number => {
  const [, number, unit = "s"] = /^(\d+)(s|m)?$/.exec(text) ?? []
  return Number(number) * (unit === "m" ? 60 : 1)
}

/** `${NAME}`, `${NAME:-default}` and `${NAME:?why}`, as Compose fills them in. */
const filledIn = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, how?: string, word = "") => {
    const value = values[name] || (how === "-" ? word : undefined)
    if (value === undefined) throw new Error(`${name} is not set`)
    return value
  })
const compose = (path: string, values: Readonly<Record<string, string>>) =>
  parse(filledIn(textOf(path), values), { merge: true }) as {
    readonly services: Readonly<Record<string, any>>
    readonly volumes: Readonly<Record<string, unknown>>
  }

/** `NAME=value` lines. */
const linesOf = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries([...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name as string, value as string]))

/** That what services name of each other, of files and of volumes is there. */
const expectWhole = (path: string, { services, volumes }: ReturnType<typeof compose>) => {
  for (const { depends_on: needed = {}, volumes: mounts = [], build } of Object.values(services)) {
    for (const name of Array.isArray(needed) ? needed : Object.keys(needed)) expect(services).toHaveProperty(name)
    for (const mount of mounts as readonly string[]) {
      const [from = ""] = mount.split(":")
      if (from.startsWith(".")) expect(existsSync(join(root, dirname(path), from))).toBe(true)
      else expect(volumes).toHaveProperty(from)
    }
    if (build !== undefined) expect(existsSync(join(root, dirname(path), build, "Dockerfile"))).toBe(true)
  }
}

describe("docker-compose.yml", () => {
  it("starts the server with variables that it knows, and gives it time to stop", () => {
    const whole = compose("docker-compose.yml", {})
    expectWhole("docker-compose.yml", whole)
    const { environment, stop_grace_period: grace } = whole.services["silktower"]
    expect(secondsOf(grace) * 1000).toBeGreaterThan(configOf(environment).shutdownTimeoutMs)
  })
})

describe("examples/self-hosted", () => {
  const path = "examples/self-hosted/compose.yml"
  const asked = linesOf(textOf("examples/self-hosted/.env.example"))
  const values = Object.fromEntries(
    Object.entries(asked).map(([name, value]) => [name, value || `${name.toLowerCase()}1`])
  )
  const whole = compose(path, values)
  const { silktower, caddy, coturn, migrate } = whole.services

  it("asks for everything that it needs, and for nothing else", () => {
    expectWhole(path, whole)
    const named = [...textOf(path).matchAll(/\$\{(\w+)/g)].map(([, name]) => name)
    expect([...new Set(named)].toSorted()).toEqual(Object.keys(asked).toSorted())
    for (const name of Object.keys(asked)) {
      expect(() => compose(path, { ...values, [name]: "" })).toThrow(`${name} is not set`)
    }
  })

  it("starts the server with variables that it knows, behind the proxy and with the TURN server that are there", () => {
    const config = configOf(silktower.environment)
    expect(config).toMatchObject({
      environment: "production",
      trustProxy: { kind: "networks", networks: ["uniquelocal"] },
      origins: { allowed: ["https://app.example.org"] }
    })
    expect(config.turn.own?.urls).toEqual([
      "turn:signal.example.org:3478?transport=udp",
      "turn:signal.example.org:3478?transport=tcp"
    ])
    expect(coturn.command).toEqual(
      expect.arrayContaining([
        "--listening-port=3478",
        "--use-auth-secret",
        `--static-auth-secret=${values["TURN_SECRET"]}`
      ])
    )
    expect(secondsOf(silktower.stop_grace_period) * 1000).toBeGreaterThan(config.shutdownTimeoutMs)
    expect(silktower.expose).toEqual([String(config.port)])
    expect(existsSync(join(root, migrate.command.at(-1)))).toBe(true)
  })

  it("has a proxy that speaks to the server, and keeps its metrics inside", () => {
    const caddyfile = textOf("examples/self-hosted/Caddyfile")
    expect(caddyfile).toContain("reverse_proxy silktower:8080 {")
    expect(Object.keys(caddy.environment)).toEqual([...caddyfile.matchAll(/\{\$(\w+)\}/g)].map(([, name]) => name))
    const [, hidden] = /respond (\S+) 404/.exec(caddyfile) ?? []
    expect(corePaths).toContain(hidden)
  })
})

describe("examples/several", () => {
  const path = "examples/several/compose.yml"
  const asked = linesOf(textOf("examples/several/.env.example"))
  const values = Object.fromEntries(
    Object.entries(asked).map(([name, value]) => [name, value || `${name.toLowerCase()} of a length`])
  )
  const whole = compose(path, values)
  const nodes = Object.entries(whole.services).filter(([, { environment }]) => "CLUSTER_ADDRESS" in (environment ?? {}))

  it("asks for everything that it needs, and for nothing else", () => {
    expectWhole(path, whole)
    const named = [...textOf(path).matchAll(/\$\{(\w+)/g)].map(([, name]) => name)
    expect([...new Set(named)].toSorted()).toEqual(Object.keys(asked).toSorted())
  })

  it("starts three nodes of one cluster, each by its own name, with the ports that they need among each other", () => {
    expect(nodes.map(([name]) => name)).toEqual(["one", "two", "three"])
    for (const [name, { environment, expose, stop_grace_period: grace }] of nodes) {
      const config = configOf(environment)
      expect(config.cluster?.address).toBe(`${name}:7946`)
      expect(expose).toEqual([String(config.port), "7946", "7947"])
      expect(secondsOf(grace) * 1000).toBeGreaterThan(config.drainMs + config.shutdownTimeoutMs)
      expect(namesOfServed(config)).toEqual(usual)
    }
  })

  it("has a proxy that speaks to each, asks whether it is ready, and keeps metrics inside", () => {
    const caddyfile = textOf("examples/several/Caddyfile")
    expect(caddyfile).toContain(`reverse_proxy ${nodes.map(([name]) => `${name}:8080`).join(" ")} {`)
    const asks = [/respond (\S+) 404/, /health_uri (\S+)/].map((pattern) => pattern.exec(caddyfile)?.[1])
    for (const path of asks) expect(corePaths).toContain(path)
  })
})

describe("examples/kubernetes", () => {
  const folder = "examples/kubernetes"
  const read = (name: string): any => {
    const documents = parseAllDocuments(textOf(`${folder}/${name}`))
    expect(documents.flatMap(({ errors }) => errors)).toEqual([])
    expect(documents).toHaveLength(1)
    return documents[0]?.toJS()
  }
  const { resources } = read("kustomization.yaml") as { resources: readonly string[] }
  const [config, secret, deployment, service, ingress] = resources.map((name) =>
    read(name === "secret.yaml" ? "secret.example.yaml" : name)
  )
  const pod = deployment.spec.template
  const [container] = pod.spec.containers
  const settings = configOf({ ...config.data, ...secret.stringData })

  it("starts the server with variables that it knows, as the version that this is", () => {
    expect(settings).toMatchObject({ environment: "production", trustProxy: { networks: ["uniquelocal"] } })
    const sources = container.envFrom.map((each: any) => (each.configMapRef ?? each.secretRef).name)
    expect(sources).toEqual([config.metadata.name, secret.metadata.name])
    for (const each of [container, ...pod.spec.initContainers]) {
      expect(each.image).toBe(`registry.example.org/silktower:${version}`)
      expect(each.envFrom).toEqual(container.envFrom)
    }
    expect(existsSync(join(root, pod.spec.initContainers[0].command.at(-1)))).toBe(true)
    expect(textOf("Dockerfile")).toContain("USER node")
    expect(textOf(".gitignore")).toContain(`${folder}/secret.yaml`)
  })

  it("asks paths that there are, on the port that it listens on", () => {
    const [port] = container.ports
    expect(port.containerPort).toBe(settings.port)
    for (const probe of ["startupProbe", "livenessProbe", "readinessProbe"]) {
      expect(corePaths).toContain(container[probe].httpGet.path)
      expect(container[probe].httpGet.port).toBe(port.name)
    }
    expect(corePaths).toContain(pod.metadata.annotations["prometheus.io/path"])
    expect(pod.metadata.annotations["prometheus.io/port"]).toBe(String(settings.port))
    expect(service.spec.ports[0].targetPort).toBe(port.name)
    expect(service.spec.selector).toEqual(pod.metadata.labels)
    expect(deployment.spec.selector.matchLabels).toEqual(pod.metadata.labels)
    const [rule] = ingress.spec.rules
    expect(rule.http.paths[0].backend.service).toEqual({ name: service.metadata.name, port: { name: "http" } })
    expect(ingress.spec.tls[0].hosts).toEqual([rule.host])
  })

  it("runs one, and gives it the time that it needs to stop", () => {
    expect([deployment.spec.replicas, deployment.spec.strategy.type]).toEqual([1, "Recreate"])
    const [, waited] = /setTimeout\(\(\) => \{\}, (\d+)\)/.exec(container.lifecycle.preStop.exec.command.at(-1)) ?? []
    expect(pod.spec.terminationGracePeriodSeconds * 1000).toBeGreaterThan(Number(waited) + settings.shutdownTimeoutMs)
    const readAfter = container.readinessProbe.timeoutSeconds
    expect(readAfter).toBeGreaterThan(1)
    const timeout = ingress.metadata.annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"]
    expect(Number(timeout) * 1000).toBeGreaterThan(2 * settings.websocket.healthCheckIntervalMs)
  })
})

describe("examples/kubernetes-several", () => {
  const folder = "examples/kubernetes-several"
  const read = (name: string): any => {
    const [document, ...others] = parseAllDocuments(textOf(`${folder}/${name}`))
    expect([document?.errors, others]).toEqual([[], []])
    return document?.toJS()
  }
  const { resources, patches } = read("kustomization.yaml")
  const [base, secretName, ...others] = resources as readonly string[]
  const secret = read("cluster-secret.example.yaml")
  const [disruption, network, nodes] = others.map(read)
  const [config, deployment] = (patches as { path: string }[]).map(({ path }) => read(path))
  const one = {
    config: parse(textOf("examples/kubernetes/config.yaml")),
    secret: parse(textOf("examples/kubernetes/secret.example.yaml")),
    deployment: parse(textOf("examples/kubernetes/deployment.yaml"), { merge: true })
  }
  const labels = one.deployment.spec.selector.matchLabels
  const pod = deployment.spec.template.spec
  const [container] = pod.containers
  const textIn = ({ value, valueFrom }: any): string => {
    if (value !== undefined) return value.replace("$(POD_IP)", "10.1.2.3")
    if (valueFrom.fieldRef !== undefined) return valueFrom.fieldRef.fieldPath
    const { name, key } = valueFrom.secretKeyRef
    expect(name).toBe(secret.metadata.name)
    return secret.stringData[key]
  }
  const { POD_IP: ip, ...own } = Object.fromEntries(container.env.map((each: any) => [each.name, textIn(each)]))
  const settings = configOf({ ...one.config.data, ...config.data, ...one.secret.stringData, ...own })

  it("changes the manifests of one server, and keeps its secret to itself", () => {
    expect([base, secretName]).toEqual(["../kubernetes", "cluster-secret.yaml"])
    expect(textOf(".gitignore")).toContain(`${folder}/cluster-secret.yaml`)
    for (const [patch, whole] of [
      [config, one.config],
      [deployment, one.deployment]
    ]) {
      expect([patch.kind, patch.metadata.name]).toEqual([whole.kind, whole.metadata.name])
    }
    expect(container.name).toBe(one.deployment.spec.template.spec.containers[0].name)
  })

  it("starts nodes at their own addresses that serve what one server does", () => {
    expect(ip).toBe("status.podIP")
    expect(settings.cluster?.address).toBe("10.1.2.3:7946")
    expect(namesOfServed(settings)).toEqual(usual)
  })

  it("lets nodes alone reach the ports of the cluster, and others the one for clients", () => {
    const { port } = settings
    const ofCluster = container.ports.map(({ containerPort }: any) => containerPort)
    expect(ofCluster).toEqual([7946, 7947])
    const names = container.ports.map(({ name }: any) => name)
    expect(network.spec.podSelector.matchLabels).toEqual(labels)
    expect(network.spec.policyTypes).toEqual(["Ingress"])
    const [among, outside, ...rest] = network.spec.ingress
    expect(rest).toEqual([])
    expect(among.from).toEqual([{ podSelector: { matchLabels: labels } }])
    expect(among.ports.map((each: any) => each.port)).toEqual(names)
    expect(outside.from.every((each: any) => each.namespaceSelector !== undefined)).toBe(true)
    expect(outside.ports).toEqual([
      { protocol: "TCP", port: one.deployment.spec.template.spec.containers[0].ports[0].name }
    ])
    expect(nodes.spec).toMatchObject({ clusterIP: "None", publishNotReadyAddresses: true, selector: labels })
    expect(nodes.spec.ports.map((each: any) => [each.port, each.targetPort])).toEqual([
      [port, "http"],
      [7946, names[0]],
      [7947, names[1]]
    ])
  })

  it("replaces one after the other, and gives each the time that it needs to go", () => {
    const { replicas, strategy, minReadySeconds } = deployment.spec
    expect([replicas, strategy]).toEqual([
      3,
      { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }
    ])
    const { exec } = one.deployment.spec.template.spec.containers[0].lifecycle.preStop
    const waited = Number(/setTimeout\(\(\) => \{\}, (\d+)\)/.exec(exec.command.at(-1))?.[1])
    expect(settings.drainMs).toBeGreaterThan(0)
    expect(minReadySeconds * 1000).toBeGreaterThan(waited + settings.drainMs)
    expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(
      waited + settings.drainMs + settings.shutdownTimeoutMs
    )
    expect(disruption.spec).toEqual({ maxUnavailable: 1, selector: { matchLabels: labels } })
    for (const { labelSelector } of pod.topologySpreadConstraints) expect(labelSelector.matchLabels).toEqual(labels)
  })
})

describe("the systemd unit of docs/operations.md", () => {
  const unit = /^```ini\n(.*?)^```$/ms.exec(textOf("docs/operations.md"))?.[1] ?? ""
  const valuesOf = (name: string) =>
    [...unit.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value]) => value as string)

  it("starts what is there, with variables that are read, and gives it time to stop", () => {
    for (const command of [...valuesOf("ExecStartPre"), ...valuesOf("ExecStart")]) {
      for (const file of command.split(" ").slice(1)) expect(existsSync(join(root, file))).toBe(true)
    }
    const names = valuesOf("Environment").map((each) => each.split("=")[0] as string)
    expect(names.filter((name) => !known.includes(name))).toEqual(["NODE_COMPILE_CACHE"])
    const config = configOf({ DATABASE_URL: "postgres://silktower:secret@127.0.0.1/silktower" })
    expect(Number(valuesOf("TimeoutStopSec")[0]) * 1000).toBeGreaterThan(config.shutdownTimeoutMs)
  })
})

it("everything that examples tell people to open is there", () => {
  const told = ["self-hosted", "kubernetes", "kubernetes-several"].flatMap((name) =>
    [...textOf(`examples/${name}/README.md`).matchAll(/`(?:https:\/\/signal\.example\.org)?(\/[a-z/-]+)`/g)].map(
      ([, path]) => path
    )
  )
  const answered = [...corePaths, ...towerPaths, "/api/turn-credentials"]
  expect(told.length).toBeGreaterThan(4)
  expect(told.filter((path) => !answered.includes(path as string))).toEqual([])
})
