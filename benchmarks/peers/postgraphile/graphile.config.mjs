import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makePgService } from "postgraphile/adaptors/pg";
import { SubPlugin } from "./sub_plugin.mjs";

export default {
  plugins: [SubPlugin],
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ connectionString: process.env.DATABASE_URL, schemas: ["public"], pubsub: true, poolConfig: { max: 8 } })],
  grafserv: { port: +process.env.PORT, host: "127.0.0.1", graphiql: false, watch: false, websockets: true },
  grafast: { explain: false },
};
