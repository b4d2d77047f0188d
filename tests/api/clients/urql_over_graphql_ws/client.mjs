// @urql/core over HTTP and, for subscriptions, graphql-ws: wired as their manuals say, nothing of ours in between.
// Reads one operation a line ({id, kind, query, variables}) and writes one line for every result, until its input ends.
import { createInterface } from "node:readline";
import { createClient as createSocket } from "graphql-ws";
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { pipe, subscribe } from "wonka";
import WebSocket from "ws";

const [url, token] = process.argv.slice(2);
const write = (line) => console.log(JSON.stringify(line));

const socket = createSocket({
  url: url.replace("http", "ws"),
  webSocketImpl: WebSocket,
  connectionParams: { token },
  retryAttempts: 100,
  shouldRetry: () => true, // with Node's `ws`, a refused connection is no close event
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 100)),
  on: {
    connected: () => write({ event: "connected" }),
    closed: ({ code }) => write({ event: "closed", code }),
  },
});

const client = new Client({
  url,
  preferGetMethod: false,
  fetchOptions: { headers: { authorization: `Bearer ${token}` } },
  exchanges: [
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: (request) => ({
        subscribe: (sink) => ({
          unsubscribe: socket.subscribe({ ...request, query: request.query || "" }, sink),
        }),
      }),
    }),
  ],
});

const START = {
  query: (query, variables) => client.query(query, variables, { requestPolicy: "network-only" }),
  mutation: (query, variables) => client.mutation(query, variables),
  subscription: (query, variables) => client.subscription(query, variables),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, kind, query, variables } = JSON.parse(line);
  pipe(
    START[kind](query, variables),
    subscribe(({ data, error }) => write({ id, data, error: error && String(error) })),
  );
}
process.exit(0);
