// A real OpenID Connect provider for the tests: signs in whoever is named, without asking.
// Started with the address people come back to; prints its issuer when it listens.
import Provider from "oidc-provider";
import { createServer } from "node:http";

const back = process.argv[2];
const people = JSON.parse(process.argv[3]);
const listener = createServer();
listener.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${listener.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "qianhai",
        client_secret: "a secret of the tests",
        redirect_uris: [back],
        grant_types: ["authorization_code"],
        response_types: ["code"],
      },
    ],
    pkce: { required: () => true },
    conformIdTokenClaims: false,
    claims: { openid: ["sub"], profile: ["name", "preferred_username", "roles", "party"] },
    cookies: { keys: ["tests"] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, interaction) => `/people/${interaction.uid}` },
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, ...people[id] }),
    }),
  });
  const answer = provider.callback();
  listener.on("request", async (request, response) => {
    if (!request.url.startsWith("/people/")) {
      return answer(request, response);
    }
    // Who signs in is named by a header of the test's browser.
    const accountId = request.headers["x-person"];
    const details = await provider.interactionDetails(request, response);
    const grant = new provider.Grant({ accountId, clientId: "qianhai" });
    grant.addOIDCScope("openid profile");
    const grantId = await grant.save();
    const result = { login: { accountId }, consent: { grantId } };
    return provider.interactionFinished(request, response, result, {
      mergeWithLastSubmission: Boolean(details.lastSubmission),
    });
  });
  console.log(issuer);
});
