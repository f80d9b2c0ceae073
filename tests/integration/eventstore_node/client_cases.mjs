// The same cases for EventStore's and Kurrent's own JavaScript clients, which differ in a few names.
// Run as: node client_cases.mjs PACKAGE_FOLDER CONNECTION_STRING. Prints "ok NAME" for each case.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";

const [folder, connection] = process.argv.slice(2);
const library = createRequire(`${folder}/package.json`)(folder);
const { jsonEvent, binaryEvent, streamNameFilter, eventTypeFilter } = library;
const { START, END, BACKWARDS, PARK, RETRY, SKIP } = library;
const NO_STREAM = "no_stream";
const ANY = "any";
const Client = library.KurrentDBClient ?? library.EventStoreDBClient;
const streamSettings =
  library.persistentSubscriptionToStreamSettingsFromDefaults;
const allSettings = library.persistentSubscriptionToAllSettingsFromDefaults;
const client = Client.connectionString`${connection}`;

const stream = () => `js${randomUUID().replaceAll("-", "")}-1`;
const noted = (n = 1, type = "Noted") =>
  Array.from({ length: n }, (_, i) => jsonEvent({ id: randomUUID(), type, data: { n: i } }));
const put = (name, events, expected = ANY) =>
  client.appendToStream(name, events, state(expected));
const state = (expected) =>
  library.KurrentDBClient ? { streamState: expected } : { expectedRevision: expected };
const revisions = async (items) => {
  const found = [];
  for await (const item of items) found.push(Number(item.event?.revision));
  return found;
};
const refused = (name, promise) =>
  assert.rejects(promise, (error) => {
    assert.equal(error.constructor.name, name, `${error.constructor.name}: ${error.message}`);
    return true;
  });
const next = async (iterator) => (await iterator.next()).value;

const cases = {
  async "append and read"() {
    const name = stream();
    const events = noted(3);
    const first = await put(name, events, NO_STREAM);
    assert.equal(first.success, true);
    assert.equal(first.nextExpectedRevision, 2n);
    const again = await put(name, events, NO_STREAM);
    assert.deepEqual(again.position, first.position);
    assert.deepEqual(await revisions(client.readStream(name)), [0, 1, 2]);
    const options = { direction: BACKWARDS, fromRevision: END, maxCount: 2 };
    assert.deepEqual(await revisions(client.readStream(name, options)), [2, 1]);
    for await (const { event } of client.readStream(name, { maxCount: 1 })) {
      assert.equal(event.id, events[0].id);
      assert.deepEqual(event.data, { n: 0 });
      assert.ok(Math.abs(Date.now() - event.created.getTime()) < 60_000);
    }
  },
  async "wrong version"() {
    const name = stream();
    await put(name, noted(2), NO_STREAM);
    await refused("WrongExpectedVersionError", put(name, noted(), NO_STREAM));
    await refused("WrongExpectedVersionError", put(name, noted(), 0n));
    await put(name, noted(), 1n);
  },
  async "appends in one stream at once"() {
    const name = stream();
    const sent = noted(50);
    await Promise.all(sent.map((event) => put(name, [event])));
    const stored = [];
    for await (const { event } of client.readStream(name)) stored.push(event.id);
    assert.deepEqual(stored, sent.map((event) => event.id));
  },
  async "binary content"() {
    const name = stream();
    const data = Uint8Array.from([0, 1, 255]);
    await put(name, [binaryEvent({ type: "Binary", data, metadata: { by: "me" } })]);
    for await (const { event } of client.readStream(name)) {
      assert.deepEqual([...event.data], [0, 1, 255]);
      assert.deepEqual(event.metadata, { by: "me" });
      assert.equal(event.isJson, false);
    }
  },
  async "a large append goes in pieces, a too large one is refused"() {
    const name = stream();
    const large = (n) => [jsonEvent({ type: "Large", data: { text: "x".repeat(n) } })];
    await put(name, noted(3000), NO_STREAM);
    assert.equal((await revisions(client.readStream(name))).length, 3000);
    await refused("MaxAppendSizeExceededError", put(name, large(1_100_000)));
  },
  async "missing streams"() {
    await refused("StreamNotFoundError", revisions(client.readStream(stream())));
  },
  async "filters on streams and types"() {
    const name = stream();
    const type = `T${name}`;
    await put(name, noted(2, `${type}Placed`));
    await put(`${name}2`, noted(1, `${type}Filled`));
    const followed = async (filter) => {
      const subscription = client.subscribeToAll({ filter, fromPosition: START });
      const found = [];
      const caughtUp = new Promise((resolve) => subscription.on("caughtUp", resolve));
      subscription.on("data", ({ event }) => found.push(Number(event.revision)));
      await caughtUp;
      await subscription.unsubscribe();
      return found;
    };
    // EventStore's own client cannot filter a read; Kurrent's can.
    const read = async (filter) =>
      library.KurrentDBClient ? revisions(client.readAll({ filter, fromPosition: START })) : followed(filter);
    for (const look of [followed, read]) {
      assert.deepEqual(await look(streamNameFilter({ prefixes: [name] })), [0, 1, 0]);
      assert.deepEqual(await look(streamNameFilter({ regex: `^${name}2$` })), [0]);
      assert.deepEqual(await look(eventTypeFilter({ prefixes: [`${type}F`, "Nothing"] })), [0]);
      assert.deepEqual(await look(eventTypeFilter({ regex: `${type}P.*d$` })), [0, 1]);
    }
  },
  async "read all backwards"() {
    const name = stream();
    await put(name, noted(2));
    // A server that makes links has some among the last events.
    const ours = [];
    for await (const { event } of client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 200 }))
      if (event?.streamId === name) ours.push(Number(event.revision));
    assert.deepEqual(ours, [1, 0]);
  },
  async "subscribe to a stream"() {
    const name = stream();
    await put(name, noted(2));
    const subscription = client.subscribeToStream(name, { fromRevision: START });
    const items = subscription[Symbol.asyncIterator]();
    assert.equal((await next(items)).event.revision, 0n);
    assert.equal((await next(items)).event.revision, 1n);
    await put(name, noted(1));
    assert.equal((await next(items)).event.revision, 2n);
    await subscription.unsubscribe();
  },
  async "subscribe to all with a filter and checkpoints"() {
    const name = stream();
    const reached = [];
    const filter = streamNameFilter({
      prefixes: [name],
      checkpointInterval: 2,
      checkpointReached: async (_, position) => reached.push(position.commit),
    });
    const subscription = client.subscribeToAll({ filter, fromPosition: END });
    const caughtUp = new Promise((resolve) => subscription.on("caughtUp", resolve));
    const items = subscription[Symbol.asyncIterator]();
    const waiting = next(items);
    await caughtUp;
    await put(`x${name}`, noted(100));
    await put(name, noted(2));
    assert.equal((await waiting).event.streamId, name);
    assert.equal((await next(items)).event.revision, 1n);
    assert.ok(reached.length > 0);
    await subscription.unsubscribe();
  },
  async "persistent subscription to a stream"() {
    const name = stream();
    await put(name, noted(3));
    await client.createPersistentSubscriptionToStream(
      name, "group", streamSettings({ startFrom: START, messageTimeout: 60_000 }));
    const subscription = client.subscribeToPersistentSubscriptionToStream(name, "group");
    const items = subscription[Symbol.asyncIterator]();
    const [one, two, three] = [await next(items), await next(items), await next(items)];
    await subscription.ack(one);
    await subscription.nack(RETRY, "again please", two);
    const again = await next(items);
    assert.equal(again.event.id, two.event.id);
    assert.equal(again.retryCount, 1);
    await subscription.ack(again);
    await subscription.nack(PARK, "not today", three);
    let info;
    do info = await client.getPersistentSubscriptionToStreamInfo(name, "group");
    while (info.stats.parkedMessageCount !== 1n);
    assert.equal(info.settings.messageTimeout, 60_000);
    assert.equal(info.connections.length, 1);
    await client.replayParkedMessagesToStream(name, "group");
    const replayed = await next(items);
    assert.equal(replayed.event.id, three.event.id);
    await subscription.nack(SKIP, "never mind", replayed);
    await subscription.unsubscribe();
    const listed = await client.listPersistentSubscriptionsToStream(name);
    assert.deepEqual(listed.map((each) => each.groupName), ["group"]);
    await client.deletePersistentSubscriptionToStream(name, "group");
    await refused(
      "PersistentSubscriptionDoesNotExistError",
      client.getPersistentSubscriptionToStreamInfo(name, "group"));
  },
  async "persistent subscription to all"() {
    const name = stream();
    const group = `group-${name}`;
    const settings = allSettings({ startFrom: END });
    const filter = streamNameFilter({ prefixes: [name] });
    await client.createPersistentSubscriptionToAll(group, settings, { filter });
    await refused(
      "PersistentSubscriptionExistsError",
      client.createPersistentSubscriptionToAll(group, settings));
    await put(name, noted(2));
    const subscription = client.subscribeToPersistentSubscriptionToAll(group);
    const items = subscription[Symbol.asyncIterator]();
    for (const expected of [0n, 1n]) {
      const item = await next(items);
      assert.equal(item.event.revision, expected);
      await subscription.ack(item);
    }
    await subscription.unsubscribe();
    await client.updatePersistentSubscriptionToAll(group, allSettings({ maxRetryCount: 3 }));
    const info = await client.getPersistentSubscriptionToAllInfo(group);
    assert.equal(info.settings.maxRetryCount, 3);
    await client.deletePersistentSubscriptionToAll(group);
  },
  async "categories and links"() {
    const name = stream();
    await put(name, noted(2));
    const options = { resolveLinkTos: true };
    let found = [];
    while (found.length < 2) {
      found = [];
      try {
        for await (const { event, link } of client.readStream(`$ce-${name.split("-")[0]}`, options))
          found.push([event.streamId, Number(link.revision)]);
      } catch (error) {
        // A server makes its categories a moment later.
        assert.equal(error.constructor.name, "StreamNotFoundError");
      }
    }
    assert.deepEqual(found, [[name, 0], [name, 1]]);
  },
  async metadata() {
    const name = stream();
    await put(name, noted(3));
    await client.setStreamMetadata(name, { maxCount: 1, colour: "red" });
    const { metadata } = await client.getStreamMetadata(name);
    assert.equal(metadata.maxCount, 1);
    assert.equal(metadata.colour, "red");
    assert.deepEqual(await revisions(client.readStream(name)), [2]);
  },
  async deletes() {
    const name = stream();
    await put(name, noted(2));
    await refused("WrongExpectedVersionError", client.deleteStream(name, { expectedRevision: 0n }));
    await client.deleteStream(name, { expectedRevision: 1n });
    await refused("StreamNotFoundError", revisions(client.readStream(name)));
    await put(name, noted(1));
    assert.deepEqual(await revisions(client.readStream(name)), [2]);
    await client.tombstoneStream(name);
    await refused("StreamDeletedError", revisions(client.readStream(name)));
    await refused("StreamDeletedError", put(name, noted()));
  },
};

let failed = 0;
for (const [name, run] of Object.entries(cases)) {
  const patience = new Promise((_, reject) =>
    setTimeout(() => reject(new Error("took longer than 20 s")), 20_000).unref());
  try {
    await Promise.race([run(), patience]);
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}: ${error.stack}`);
  }
}
await client.dispose();
process.exit(failed ? 1 : 0);
