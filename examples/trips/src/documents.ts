// What the app asks. Each name is checked against the schema, and each gives its types to whoever sends it.
import { graphql } from "./generated/index.js";

export const TripRow = graphql(`
  fragment TripRow on Trip {
    id
    title
    mood
    day
    cost
  }
`);

export const Trips = graphql(`
  query Trips($where: TripFilter, $limit: Int) {
    trips(where: $where, orderBy: [{ day: DESC }, { title: ASC }], limit: $limit) {
      ...TripRow
      stops(orderBy: { id: ASC }) {
        place
      }
    }
    tripsAggregate(where: $where) {
      aggregate {
        count
        sum {
          kilometres
          cost
        }
      }
    }
  }
`);

export const Trip = graphql(`
  query Trip($id: UUID!) {
    trip(id: $id) {
      ...TripRow
      shared
      alarm
      leftAt
      arrivedAt
      took
      kilometres
      odometer
      extras
      track
      photo {
        url(width: 200)
      }
    }
  }
`);

export const AddTrip = graphql(`
  mutation AddTrip($trip: TripCreate!) {
    createTrip(object: $trip) {
      id
      stops(orderBy: { id: ASC }) {
        place
      }
    }
  }
`);

export const TripsLive = graphql(`
  subscription TripsLive {
    trips(orderBy: { title: ASC }) {
      title
    }
  }
`);
