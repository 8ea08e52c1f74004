// node listeners.mjs KIND PORT N SECONDS TOKEN: N listeners of one server, and a writer of artists beside them.
// Prints JSON lines: {"reach": …} how long one write takes to reach all; {"rate": …} for each offered rate of writes.
import WebSocket from "ws";

const [kind, port, count, seconds, token] = process.argv.slice(2);
const N = +count, T = +seconds;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const parse = kind === "parse", hedgerow = kind.startsWith("hedgerow");
const subscription = {
  "postgraphile": "subscription { artistCreated { artistId } }",
  "postgraphile, row": "subscription { artistCreated { artistId artist { name } } }",
  "hedgerow, changes": "subscription { artistsChanges { operation cursor node { artistId name } } }",
  "hedgerow, live": "subscription { artists(orderBy: {artistId: DESC}, limit: 1) { artistId name } }",
}[kind];

// Of each artist: how many listeners were told of it, and when the last was. A live query tells the newest state, so
// whoever was told of an artist knows of those before.
const told = new Map();
let deliveries = 0;
function tell(key) {
  deliveries++;
  const entry = told.get(key) ?? { n: 0, last: 0 };
  told.set(key, entry);
  entry.n++;
  entry.last = performance.now();
}
const newest = [];

function open(number) {
  return new Promise((ready, fail) => {
    const socket = parse ? new WebSocket(`ws://127.0.0.1:${port}/`) : new WebSocket(`ws://127.0.0.1:${port}/graphql`, "graphql-transport-ws");
    const say = (message) => socket.send(JSON.stringify(message));
    socket.on("error", fail);
    socket.on("open", () => say(parse ? { op: "connect", applicationId: "bench" } : { type: "connection_init", payload: hedgerow ? { Authorization: `Bearer ${token}` } : {} }));
    socket.on("message", (data) => {
      const message = JSON.parse(data);
      if (parse) {
        if (message.op === "connected") say({ op: "subscribe", requestId: 1, query: { className: "Artist", where: {} } });
        else if (message.op === "subscribed") ready(socket);
        else if (message.op === "create") tell(message.object.objectId);
        else fail(new Error(data));
      } else if (message.type === "connection_ack") {
        say({ id: "1", type: "subscribe", payload: { query: subscription } });
        if (!hedgerow) setTimeout(() => ready(socket), 300);
      } else if (message.type === "ping") say({ type: "pong" });
      else if (message.type !== "next" || message.payload.errors) { console.error(String(data)); process.exit(1); }
      else {
        ready(socket);
        const given = message.payload.data;
        if (given.artistCreated) tell(given.artistCreated.artistId);
        else if (given.artists) {
          const last = given.artists[0]?.artistId ?? 0;
          for (let key = (newest[number] ?? last) + 1; key <= last; key++) tell(key);
          newest[number] = last;
        } else for (const change of [given.artistsChanges].flat()) if (change.node) tell(change.node.artistId);
      }
    });
  });
}

const headers = { "content-type": "application/json", ...(parse ? { "X-Parse-Application-Id": "bench" } : {}), ...(hedgerow ? { authorization: `Bearer ${token}` } : {}) };
const query = parse
  ? "mutation($name:String!){createArtist(input:{fields:{name:$name}}){artist{objectId}}}"
  : hedgerow ? "mutation($name:String!){createArtist(object:{name:$name}){artistId}}"
  : "mutation($name:String!){createArtist(input:{artist:{name:$name}}){artist{artistId}}}";

async function write() {
  const began = performance.now();
  const answer = await (await fetch(`http://127.0.0.1:${port}/graphql`, { method: "POST", headers, body: JSON.stringify({ query, variables: { name: "bench" } }) })).json();
  if (!answer.data) throw new Error(JSON.stringify(answer));
  const artist = answer.data.createArtist;
  return { began, key: artist.artistId ?? artist.artist.artistId ?? artist.artist.objectId };
}

const middle = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
for (let first = 0; first < N; first += 20) {
  await Promise.all(Array.from({ length: Math.min(20, N - first) }, (_, i) => open(first + i)));
}
await sleep(500);
for (let i = 0; i < 10; i++) { await write(); await sleep(50); }

const reached = [];
let lost = 0;
for (let i = 0; i < 40; i++) {
  const { began, key } = await write();
  const until = performance.now() + 3000;
  while ((told.get(key)?.n ?? 0) < N && performance.now() < until) await sleep(1);
  if ((told.get(key)?.n ?? 0) < N) lost++;
  else reached.push(told.get(key).last - began);
  await sleep(20);
}
reached.sort((a, b) => a - b);
console.log(JSON.stringify({ reach: { p50: middle(reached, 0.5), p95: middle(reached, 0.95), lost } }));

for (const rate of [25, 50, 100, 150, 200, 300, 400, 600, 800]) {
  told.clear();
  deliveries = 0;
  const began = performance.now(), total = rate * T, writes = [], pending = [];
  for (let i = 0; i < total; i++) {
    const due = began + (i * 1000) / rate;
    if (due > performance.now()) await sleep(due - performance.now());
    pending.push(write().then((each) => writes.push(each)));
  }
  await Promise.all(pending);
  const wrote = performance.now();
  while (deliveries < total * N && performance.now() < wrote + 5000) await sleep(5);
  const took = (performance.now() - began) / 1000;
  const latencies = writes.map(({ began, key }) => (told.get(key)?.last ?? Infinity) - began).sort((a, b) => a - b);
  const p50 = middle(latencies, 0.5), p99 = middle(latencies, 0.99);
  console.log(JSON.stringify({ rate, writes: total / ((wrote - began) / 1000), deliveries: deliveries / took, p50, p99, lost: total * N - deliveries }));
  if (deliveries < total * N || p50 > 1000) break;
  await sleep(500);
}
process.exit(0);
