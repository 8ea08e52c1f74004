// What a Relay app asks, in hasura naming; relay-compiler reads this.
import { graphql } from "relay-runtime";

export const page = graphql`
  query HasuraNotesQuery($count: Int!, $order: [note_order_by!]) {
    ...HasuraNotes_list @arguments(count: $count, order: $order)
  }
`;

export const list = graphql`
  fragment HasuraNotes_list on query_root
  @refetchable(queryName: "HasuraNotesPaginationQuery")
  @argumentDefinitions(
    count: { type: "Int", defaultValue: 10 }
    cursor: { type: "String" }
    order: { type: "[note_order_by!]" }
  ) {
    note_connection(first: $count, after: $cursor, order_by: $order) @connection(key: "HasuraNotes_note_connection") {
      edges {
        node {
          id
        }
      }
    }
  }
`;

export const author = graphql`
  fragment HasuraNotes_author on person @refetchable(queryName: "HasuraNotesAuthorQuery") {
    name
  }
`;
