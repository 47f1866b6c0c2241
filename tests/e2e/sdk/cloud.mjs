// Photon's SDK reads and changes a project: its own cloud client, unchanged.
import { cloud } from "@spectrum-ts/core";

const [id, secret] = process.argv.slice(2);
const found = {
  project: await cloud.getProject(id, secret),
  platforms: await cloud.getPlatforms(id),
  subscription: await cloud.getSubscription(id),
  imessage: await cloud.getImessageInfo(id),
  toggled: await cloud.togglePlatform(id, secret, "voice", true),
};
try {
  await cloud.getProject(id, "wrong");
} catch (error) {
  found.refused = { status: error.status, name: error.name };
}
console.log(JSON.stringify(found));
process.exit(0);
