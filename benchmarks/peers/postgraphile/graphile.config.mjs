// With RACE set, for reading and writing: filters through relations, and nothing live. Without it, for listeners.
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makePgService } from "postgraphile/adaptors/pg";
import { PostGraphileConnectionFilterPreset } from "postgraphile-plugin-connection-filter";
import { SubPlugin } from "./sub_plugin.mjs";

const race = Boolean(process.env.RACE);

export default {
  plugins: race ? [] : [SubPlugin],
  extends: race ? [PostGraphileAmberPreset, PostGraphileConnectionFilterPreset] : [PostGraphileAmberPreset],
  pgServices: [makePgService({ connectionString: process.env.DATABASE_URL, schemas: ["public"], pubsub: !race, poolConfig: { max: 8 } })],
  grafserv: { port: +process.env.PORT, host: "127.0.0.1", graphiql: false, watch: false, websockets: !race },
  grafast: { explain: false },
  ...(race ? {
    schema: { connectionFilterRelations: true, defaultBehavior: "+filterBy +attribute:filterBy" },
    disablePlugins: ["PgIndexBehaviorsPlugin"],
  } : {}),
};
