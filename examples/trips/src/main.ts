// Writes a trip, reads it, and hears of the next one: `node built/main.js http://127.0.0.1:8000/graphql TOKEN`.
import type { ResultOf } from "@graphql-typed-document-node/core";
import type { AnyVariables, OperationResult } from "@urql/core";
import { connect } from "./client.js";
import { AddTrip, Trip, TripRow, Trips, TripsLive } from "./documents.js";
import { useFragment } from "./generated/index.js";
import type { Mood, TripCreate } from "./generated/graphql.js";

const [url, token] = process.argv.slice(2);
if (!url || !token) throw new Error("usage: main.js URL TOKEN");
const client = connect(url, token);

const got = <Data, Given extends AnyVariables>({ data, error }: OperationResult<Data, Given>): Data => {
  if (error || !data) throw error ?? new Error("no data");
  return data;
};

/** Whole numbers beyond 2^53 come as strings, since no JavaScript number holds them. */
const whole = (value: number | string): bigint => BigInt(value);

const lines = ({ trips, tripsAggregate: { aggregate } }: ResultOf<typeof Trips>): string[] => [
  ...trips.map((trip) => {
    const { day, title, mood, cost } = useFragment(TripRow, trip);
    const moods: Record<Mood, string> = { CALM: "-", MERRY: "+", WEARY: "…" };
    return `${day} ${moods[mood]} ${title} (${cost}): ${trip.stops.map(({ place }) => place).join(", ")}`;
  }),
  `${aggregate?.count} trips, ${aggregate?.sum?.kilometres} km, ${aggregate?.sum?.cost}`,
];

const heard = (title: string): Promise<number> =>
  new Promise((resolve, reject) => {
    let told = 0;
    const { unsubscribe } = client.subscription(TripsLive, {}).subscribe(({ data, error }) => {
      if (error) return reject(error);
      told += 1;
      if (!data?.trips.some((trip) => trip.title === title)) return void (told === 1 && void add("Pier", title));
      resolve(told);
      queueMicrotask(() => unsubscribe());
    });
  });

const add = async (place: string, title: string): Promise<string> => {
  const trip: TripCreate = {
    title,
    mood: "MERRY",
    day: "2026-06-01",
    alarm: "05:30:00",
    leftAt: "2026-06-01T06:00:00+02:00",
    arrivedAt: "2026-06-01T11:15:00",
    took: "PT5H15M",
    kilometres: 412.5,
    odometer: "9007199254740993",
    cost: "19.90",
    extras: { snacks: ["apples"], seats: 2 },
    track: btoa("track"),
    stops: { data: [{ place }] },
  };
  const { createTrip } = got(await client.mutation(AddTrip, { trip }));
  if (!createTrip) throw new Error("nothing was made");
  return createTrip.id;
};

const id = await add("Harbour", "To the sea");
const { trip } = got(await client.query(Trip, { id }));
if (!trip) throw new Error("it is gone");
const { leftAt, arrivedAt, took, alarm, kilometres, odometer, extras, track, photo } = trip;
console.log(lines(got(await client.query(Trips, { where: { cost: { _gt: "10" } }, limit: 5 }))).join("\n"));
console.log(JSON.stringify({ leftAt, arrivedAt, took, alarm, kilometres, odometer, extras, track, photo }));
console.log(`${whole(odometer)} mm, track of ${track ? atob(track).length : 0} bytes`);
console.log(`heard of it as answer ${await heard("To the pier")}`);
