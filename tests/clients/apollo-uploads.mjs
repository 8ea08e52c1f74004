// apollo-upload-client as its documentation uses it, against albums: files in the variables of mutations.
import assert from "node:assert/strict";
import { ApolloClient, InMemoryCache, gql } from "@apollo/client";
import UploadHttpLink from "apollo-upload-client/UploadHttpLink.mjs";

const client = ({ url, headers }) =>
  new ApolloClient({ link: new UploadHttpLink({ uri: url, headers }), cache: new InMemoryCache() });
const text = (name, content) => new File([content], name, { type: "text/plain" });
const read = async ({ url }, path) => (await fetch(new URL(path, url))).text();

export default {
  "a file": async (context) => {
    const mutation = gql`
      mutation ($cover: Upload!) {
        createAlbum(object: { title: "a", cover: $cover }) {
          cover {
            name
            size
            url
          }
        }
      }
    `;
    const { data } = await client(context).mutate({ mutation, variables: { cover: text("ä.txt", "Ünicode") } });
    assert.equal(data.createAlbum.cover.name, "ä.txt");
    assert.equal(data.createAlbum.cover.size, 8);
    assert.equal(await read(context, data.createAlbum.cover.url), "Ünicode");
  },
  "files anywhere in the variables": async (context) => {
    const mutation = gql`
      mutation ($object: AlbumCreate!) {
        createAlbum(object: $object) {
          pictures {
            name
            url
          }
          pages {
            scan {
              name
            }
          }
        }
      }
    `;
    const object = {
      title: "b",
      pictures: [text("1.txt", "one"), text("2.txt", "two")],
      pages: { data: [{ number: 1, scan: text("3.txt", "three") }] },
    };
    const { data } = await client(context).mutate({ mutation, variables: { object } });
    const { pictures, pages } = data.createAlbum;
    assert.deepEqual(await Promise.all(pictures.map(({ url }) => read(context, url))), ["one", "two"]);
    assert.equal(pages[0].scan.name, "3.txt");
  },
  "a file that is refused": async (context) => {
    const mutation = gql`
      mutation ($logo: Upload!) {
        createAlbum(object: { title: "c", logo: $logo }) {
          id
        }
      }
    `;
    const error = await client(context)
      .mutate({ mutation, variables: { logo: text("logo.png", "no image") } })
      .catch((error) => error);
    assert.equal(error.errors[0].extensions.code, "BAD_USER_INPUT");
  },
};
