/** What the sources of the machines say of their events and of who sends what to whom. */
import { readdirSync, readFileSync } from "node:fs"
import { basename, dirname } from "node:path"
import { parse } from "@babel/parser"
import { machines } from "./machines.ts"

/** A node of the syntax tree (ESTree with TypeScript): https://github.com/typescript-eslint/typescript-eslint */
type Syntax = { readonly type: string; readonly start: number; readonly end: number } & Readonly<Record<string, any>>

interface SourceFile {
  readonly name: string
  /** The folder that it lies in. */
  readonly folder: string
  /** Of the protocol below src/machines; of the core's files their own name. */
  readonly owner: string
  readonly text: string
  readonly program: Syntax
  readonly comments: readonly { readonly value: string; readonly start: number; readonly end: number }[]
}

interface EventField {
  readonly name: string
  /** As it is written, on one line. */
  readonly type: string
}

export interface EventType {
  readonly type: string
  readonly fields: readonly EventField[]
  readonly comment: string
}

export interface Sending {
  /** A chart's name. */
  readonly from: string
  /** A supervisor's kind, or the expression that names whoever is told. */
  readonly to: string
  readonly event: string
}

/** What actors answer, as their machines send it as it comes from `reply` and `failure`: by whoever answers so. */
const answerTypes: Readonly<Record<string, readonly string[]>> = {
  room: ["RoomAnswer", "AttachReply"],
  offer: ["OfferReply"],
  session: ["SessionReply"]
}
/** Charts without answers of their own hand on those of their protocol. */
const answersOf = (chart: string, { owner }: SourceFile): readonly string[] =>
  answerTypes[chart] ?? (owner === "dropsilk" ? (answerTypes["room"] ?? []) : [])

const folder = new URL("../../src/machines/", import.meta.url)

/** The chart that a file belongs to: that of its folder, or by its name, as `job` of `job.ts`. */
const chartOf = ({ name, folder }: SourceFile): string =>
  Object.keys(machines).find((chart) => chart === folder) ??
  Object.keys(machines).find((chart) => name.startsWith(chart) && /^([A-Z]|$)/.test(name.slice(chart.length))) ??
  name

const readSources = (): readonly SourceFile[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((name) => {
      const text = readFileSync(new URL(name, folder), "utf8")
      const { program, comments } = parse(text, { sourceType: "module", plugins: ["typescript", "estree"] })
      return {
        name: basename(name, ".ts"),
        folder: basename(dirname(name)),
        owner: name.split("/", 1)[0] as string,
        text,
        program: program as unknown as Syntax,
        comments: (comments ?? []) as SourceFile["comments"]
      }
    })

const isSyntax = (value: unknown): value is Syntax =>
  typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string"

const parts = (node: Syntax): readonly Syntax[] =>
  Object.values(node).flatMap((value) =>
    Array.isArray(value) ? value.filter(isSyntax) : isSyntax(value) ? [value] : []
  )

const everyNode = (node: Syntax): readonly Syntax[] => [node, ...parts(node).flatMap(everyNode)]

export const createSourceReader = () => {
  const files = readSources()
  const declarations = new Map<string, { readonly file: SourceFile; readonly node: Syntax }[]>()
  for (const file of files) {
    for (const node of everyNode(file.program)) {
      if (node.type === "TSTypeAliasDeclaration" || node.type === "TSInterfaceDeclaration") {
        const { name } = node["id"]
        declarations.set(name, [...(declarations.get(name) ?? []), { file, node }])
      }
    }
  }

  const written = (file: SourceFile, node: Syntax): string =>
    file.text.slice(node.start, node.end).replace(/\s+/g, " ").replaceAll("readonly ", "")

  const commentBefore = (file: SourceFile, node: Syntax): string => {
    const comment = file.comments.findLast(({ end }) => end <= node.start)
    if (comment === undefined || !/^[\s|(]*$/.test(file.text.slice(comment.end, node.start))) return ""
    return comment.value.startsWith("*") ? comment.value.replace(/^\*|\s*\n\s*\*\s?/g, " ").trim() : ""
  }

  const membersOf = (file: SourceFile, members: readonly Syntax[], comment: string): readonly EventType[] => {
    const fields = members
      .filter(({ type }) => type === "TSPropertySignature")
      .map((member) => ({
        name: member["key"].name as string,
        node: member["typeAnnotation"].typeAnnotation as Syntax,
        optional: member["optional"] === true
      }))
    const type = fields.find(({ name }) => name === "type")
    const rest = fields
      .filter((field) => field !== type)
      .map(({ name, node, optional }) => ({ name: optional ? `${name}?` : name, type: written(file, node) }))
    const names =
      type === undefined
        ? [""]
        : everyNode(type.node)
            .filter((node) => node.type === "Literal")
            .map((node) => node["value"] as string)
    return names.map((name) => ({ type: name, fields: rest, comment }))
  }

  /** The events that a type stands for, in the order of the source. */
  const expand = (file: SourceFile, node: Syntax, comment = ""): readonly EventType[] => {
    switch (node.type) {
      case "TSUnionType":
        return node["types"].flatMap((each: Syntax) => expand(file, each, commentBefore(file, each)))
      case "TSParenthesizedType":
        return expand(file, node["typeAnnotation"], comment)
      case "TSTypeLiteral":
        return membersOf(file, node["members"], comment)
      case "TSIntersectionType": {
        const sides: readonly (readonly EventType[])[] = node["types"].map((each: Syntax) =>
          expand(file, each, comment)
        )
        return sides.reduce((all, side) =>
          all.flatMap((one) =>
            side.map((other) => ({
              type: one.type || other.type,
              fields: [...one.fields, ...other.fields],
              comment
            }))
          )
        )
      }
      case "TSTypeReference": {
        const name = node["typeName"].name as string
        if (name === "Extract") {
          const [all, wanted] = (node["typeArguments"] ?? node["typeParameters"]).params as [Syntax, Syntax]
          const types = expand(file, wanted).map(({ type }) => type)
          return expand(file, all).filter(({ type }) => types.includes(type))
        }
        return eventsOf(name, file)
      }
      default:
        return []
    }
  }

  /** `reader`: the file that names the type; what it declares itself is meant first, then what its protocol does. */
  const eventsOf = (name: string, reader?: SourceFile): readonly EventType[] => {
    const all = declarations.get(name) ?? []
    const declared =
      all.find(({ file }) => file === reader) ?? all.find(({ file }) => file.owner === reader?.owner) ?? all.at(-1)
    if (declared === undefined) return []
    const { file, node } = declared
    return node.type === "TSInterfaceDeclaration"
      ? membersOf(file, node["body"].body, commentBefore(file, node))
      : expand(file, node["typeAnnotation"])
  }

  /** The events of an object that is sent: its own type, or that of the event it carries for somebody's child. */
  const eventsIn = (node: Syntax): readonly string[] => {
    const objects = everyNode(node).filter(({ type }) => type === "ObjectExpression")
    const typed = objects.flatMap((object) => {
      const property = (object["properties"] as readonly Syntax[]).find((each) => each["key"]?.name === "type")
      const value = property?.["value"] as Syntax | undefined
      const literal = value?.type === "TSAsExpression" ? value["expression"] : value
      return literal?.type === "Literal" ? [literal["value"] as string] : []
    })
    const carried = typed.filter((type) => !/^(child|children)\./.test(type))
    return carried.length > 0 ? carried : typed
  }

  /** A value that is named there instead of written down: the object that a constant of this name is. */
  const constantIn = (file: SourceFile, name: string): Syntax | undefined =>
    everyNode(file.program).find(({ type, id, init }) => type === "VariableDeclarator" && id.name === name && init)?.[
      "init"
    ]

  /** The events of what is sent with an action that takes them as a parameter: from every place where it is asked for. */
  const eventsGivenTo = (file: SourceFile, action: string): readonly string[] =>
    everyNode(file.program)
      .filter(({ type, callee }) => type === "CallExpression" && callee.name === "enqueue")
      .map((call) => call["arguments"][0] as Syntax)
      .filter((asked) => written(file, asked).startsWith(`{ type: "${action}", params:`))
      .flatMap((asked) => {
        const params = (asked["properties"] as readonly Syntax[]).find(({ key }) => key?.name === "params")
        return everyNode(params?.["value"] as Syntax).flatMap((node) => {
          if (node.type === "ObjectExpression") return eventsIn(node)
          const constant = node.type === "Identifier" ? constantIn(file, node["name"]) : undefined
          return constant === undefined ? [] : eventsIn(constant)
        })
      })
      .filter((type, at, all) => all.indexOf(type) === at)

  /** What is sent with `tell` and `start`, which name the address in their message. */
  const tellings = (file: SourceFile): readonly Sending[] =>
    everyNode(file.program)
      .filter(
        ({ type, value }) =>
          type === "Property" && value?.type === "CallExpression" && /^(tell|start)$/.test(value.callee.name)
      )
      .flatMap((property): readonly Sending[] => {
        const message = property["value"].arguments[0] as Syntax
        const part = (name: string) =>
          everyNode(message).find((node) => node.type === "Property" && node["key"].name === name)?.["value"] as Syntax
        const to = written(file, part("to"))
        const given = eventsGivenTo(file, property["key"].name)
        const own = part("event").type === "Identifier" ? given : eventsIn(part("event"))
        // What has been put together elsewhere: the answers to those who have asked.
        const isAnswer = own.length === 0
        const events = isAnswer
          ? answersOf(chartOf(file), file)
              .flatMap((name) => eventsOf(name))
              .map(({ type }) => type)
          : own
        return events.map((event) => ({ from: chartOf(file), to: isAnswer ? "replyTo" : to, event }))
      })

  /** The constant of this name, wherever it is. */
  const declaredAs = (name: string): { readonly file: SourceFile; readonly node: Syntax } | undefined => {
    for (const file of files) {
      const node = file.program["body"].find(
        ({ declaration }: Syntax) => declaration?.declarations?.[0]?.id.name === name
      )
      if (node !== undefined) return { file, node }
    }
    return undefined
  }

  const literals = (node: Syntax, property: string): readonly string[] =>
    everyNode(node)
      .filter(({ type, key, value }) => type === "Property" && key.name === property && value?.type === "Literal")
      .map(({ value }) => value.value as string)

  /** The kinds of the addresses that an expression makes, by itself or by functions of the machines. */
  const kindsIn = (node: Syntax): readonly string[] => [
    ...literals(node, "kind"),
    ...everyNode(node)
      .filter(({ type, callee }) => type === "CallExpression" && callee.type === "Identifier")
      .flatMap(({ callee }) => {
        const declared = declaredAs(callee.name)
        return declared === undefined ? [] : kindsIn(declared.node)
      })
  ]

  /** What a chart's kind declares of its crashes: in words, whom it tells, which events it records. */
  const crashOf = (name: string) => {
    const declared = declaredAs(`${name}Crash`)
    if (declared === undefined) return undefined
    const { file, node } = declared
    const receivers = everyNode(node).filter(({ type, key }) => type === "Property" && key.name === "to")
    const told = [...receivers.flatMap(({ value }) => kindsIn(value)), ...literals(node, "toAll")]
    return {
      comment: commentBefore(file, node),
      told: [...new Set(told)],
      recorded: [...new Set(literals(node, "name"))]
    }
  }

  return {
    eventsOf,
    crashOf,
    /** Everything that the machines send, one entry for each event. */
    sendings: (): readonly Sending[] =>
      files.flatMap((file) => [
        ...tellings(file),
        ...everyNode(file.program)
          .filter(
            ({ type, callee }) =>
              type === "CallExpression" && (callee.name === "sendTo" || callee.property?.name === "sendTo")
          )
          .flatMap((call): readonly Sending[] => {
            const [target, event] = call["arguments"] as [Syntax, Syntax]
            const to = written(file, target)
            return /registry/.test(to) ? [] : eventsIn(event).map((each) => ({ from: chartOf(file), to, event: each }))
          })
      ])
  }
}
