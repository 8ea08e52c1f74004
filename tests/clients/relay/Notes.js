// What a Relay app asks, in camel naming; relay-compiler reads this.
import { graphql } from "relay-runtime";

export const page = graphql`
  query NotesQuery($count: Int!, $order: [NoteOrderBy!]) {
    ...Notes_list @arguments(count: $count, order: $order)
  }
`;

export const list = graphql`
  fragment Notes_list on Query
  @refetchable(queryName: "NotesPaginationQuery")
  @argumentDefinitions(
    count: { type: "Int", defaultValue: 10 }
    cursor: { type: "String" }
    order: { type: "[NoteOrderBy!]" }
  ) {
    notesConnection(first: $count, after: $cursor, orderBy: $order) @connection(key: "Notes_notesConnection") {
      totalCount
      edges {
        node {
          id
          title
          author {
            ...Notes_author @arguments(last: 1)
          }
        }
      }
    }
  }
`;

export const one = graphql`
  query NotesAuthorQuery($id: ID!) {
    node(id: $id) {
      ...Notes_author @arguments(last: 1) @alias(as: "author")
    }
  }
`;

export const author = graphql`
  fragment Notes_author on Person
  @refetchable(queryName: "NotesAuthorPaginationQuery")
  @argumentDefinitions(
    first: { type: "Int" }
    after: { type: "String" }
    last: { type: "Int" }
    before: { type: "String" }
  ) {
    id
    name
    notesConnection(first: $first, after: $after, last: $last, before: $before, orderBy: { id: ASC })
      @connection(key: "Notes_author_notesConnection") {
      edges {
        node {
          id
        }
      }
    }
  }
`;

export const any = graphql`
  fragment Notes_any on Node @refetchable(queryName: "NotesAnyQuery") {
    __typename
    ... on Note {
      title
    }
    ... on Person {
      name
    }
  }
`;
