// @urql/exchange-graphcache, a cache by type and id, told about the schema and nothing about Latchwork: what it does with
// the answer of a mutation follows from the mutation's name, by the rules of docs/api.md.
// Reads one order a line and writes one line for each result:
//   {id, kind: "watch", query, variables}     a query that stays open: a line whenever the cache shows something else
//   {id, kind: "mutation", query, variables}
//   {id, kind: "query", query, variables}     once, from the server
//   {id, kind: "holds"}                       all that the cache holds, and how many queries the server was asked
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Client, fetchExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { buildSchema, getNamedType, introspectionFromSchema, isObjectType } from "graphql";
import { pipe, subscribe } from "wonka";

const [url, headers, printed] = process.argv.slice(2);
const write = (line) => console.log(JSON.stringify(line));

const schema = buildSchema(readFileSync(printed, "utf8"));
const objects = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type));
const keys = {};
for (const type of objects) if (!type.getFields().id) keys[type.name] = () => null;

// The lists of a type that hold things of another, pages and others: [field, whether its items are behind `nodes`].
const listsOf = (owner, item) =>
  Object.values(schema.getType(owner)?.getFields?.() ?? {}).flatMap((field) => {
    const type = getNamedType(field.type);
    if (String(field.type).includes(`[${item}!]`)) return [[field.name, false]];
    const nodes = type.getFields?.().nodes;
    return nodes && getNamedType(nodes.type).name === item ? [[field.name, true]] : [];
  });

const OWNERS = ["site", "sites", "lock", "invitation", "account"];

function eachList(cache, key, item, change) {
  for (const [name, paged] of listsOf(key.split(":")[0], item))
    for (const { fieldName, fieldKey } of cache.inspectFields(key)) {
      if (fieldName !== name) continue;
      const holder = paged ? cache.resolve(key, fieldKey) : key;
      const list = holder && cache.resolve(holder, paged ? "nodes" : fieldKey);
      if (Array.isArray(list)) cache.link(holder, paged ? "nodes" : fieldKey, change(list));
    }
}

const DONE = /^(Created|Deleted|Removed|Revoked|Ended|Cancelled)([A-Z].*)/;

function follow(result, cache) {
  const [, done, noun] =
    result?.__typename === "ProvisionedLock"
      ? [, "Created", "ProvisioningKit"]
      : (DONE.exec(result?.__typename ?? "") ?? []);
  for (const thing of done ? Object.values(result) : []) {
    if (thing?.__typename !== noun || !thing.id) continue;
    const here = cache.keyOfEntity(thing);
    const owners = OWNERS.flatMap((owner) => cache.resolve(here, owner) ?? []);
    for (const owner of owners)
      eachList(cache, owner, thing.__typename, (list) => {
        const others = list.filter((key) => key !== here);
        return done === "Created" ? [...others, here] : others;
      });
    if (done !== "Created") cache.invalidate(here);
  }
}

const updates = { Mutation: {} };
for (const name of Object.keys(schema.getMutationType().getFields()))
  updates.Mutation[name] = (answer, _, cache) => follow(answer[name], cache);

let asked = 0;
const held = new Map();
const client = new Client({
  url,
  preferGetMethod: false,
  fetchOptions: { headers: JSON.parse(headers) },
  fetch: (address, options) => {
    if (JSON.parse(options.body).query.trimStart().startsWith("query")) asked += 1;
    return fetch(address, options);
  },
  exchanges: [
    cacheExchange({
      schema: introspectionFromSchema(schema),
      keys,
      updates,
      storage: {
        readData: async () => ({}),
        writeData: async (entries) => {
          for (const [key, value] of Object.entries(entries))
            value === undefined ? held.delete(key) : held.set(key, value);
        },
      },
    }),
    fetchExchange,
  ],
});

const START = {
  watch: (query, variables) => client.query(query, variables, { requestPolicy: "cache-first" }),
  query: (query, variables) => client.query(query, variables, { requestPolicy: "network-only" }),
  mutation: (query, variables) => client.mutation(query, variables),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, kind, query, variables } = JSON.parse(line);
  if (kind === "holds") {
    await new Promise((resolve) => setTimeout(resolve, 50)); // the cache writes what it holds a little later
    write({ id, data: { asked, held: Object.fromEntries(held) } });
    continue;
  }
  pipe(
    START[kind](query, variables),
    subscribe(({ data, error, stale }) => {
      if (!stale) write({ id, data, error: error && String(error) });
    }),
  );
}
process.exit(0);
