// In: {endpoint, headers, metadata, file, chunk, stopAt, url, delays}, as JSON; `stopAt` are bytes after which the upload
// is paused, `url` that of one that goes on. Out: {url, offset} of one that was paused, {url} of one that is done, or
// {error, status, body}, as one line of JSON.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import * as tus from "tus-js-client";

const { endpoint, headers, metadata, file, chunk, stopAt, url, delays } = JSON.parse(process.argv[2]);
const { size } = await stat(file);
const tell = (found) => process.stdout.write(JSON.stringify(found), () => process.exit(0));

const upload = new tus.Upload(createReadStream(file), {
  endpoint,
  uploadUrl: url,
  headers,
  metadata,
  chunkSize: chunk,
  uploadSize: size,
  retryDelays: delays ?? [],
  onSuccess: () => tell({ url: upload.url }),
  onError: (error) => {
    const answer = error.originalResponse;
    tell({ error: String(error), status: answer?.getStatus(), body: answer?.getBody() });
  },
  onChunkComplete: (_, accepted) => {
    if (stopAt && accepted >= stopAt) {
      upload.abort().then(() => tell({ url: upload.url, offset: accepted }));
    }
  },
});
upload.start();
