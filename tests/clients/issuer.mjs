// In: {port, client, secret, redirect} as JSON. Out: an OpenID Connect issuer at 127.0.0.1, until standard input ends; it
// says "ready" when it is. Anybody signs in there with any password; who says the name of an account is told its address.
import Provider from "oidc-provider";

const { port, client, secret, redirect } = JSON.parse(process.argv[2]);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: client, client_secret: secret, redirect_uris: [redirect], grant_types: ["authorization_code"] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  pkce: { required: () => true },
  async findAccount(_, id) {
    const claims = { sub: id, email: `${id}@example.com`, email_verified: id !== "unproved", name: `${id} of Corp` };
    return { accountId: id, claims: async () => claims };
  },
});
provider.listen(port, "127.0.0.1", () => console.log("ready"));
process.stdin.on("end", () => process.exit(0)).resume();
