// Adds jobs as an indexer in Node.js does. Arguments: folder of the packages, package, socket of Redis, prefix.
// Standard input: a JSON list of [queue, data, options]. Standard output: the ids of the jobs.
const { createRequire } = require('node:module');
const { readFileSync } = require('node:fs');

const [folder, name, path, prefix] = process.argv.slice(2);
const { Queue } = createRequire(folder + '/')(name);

async function main() {
  const queues = new Map();
  const ids = [];
  for (const [queue, data, options] of JSON.parse(readFileSync(0, 'utf8'))) {
    if (!queues.has(queue)) queues.set(queue, new Queue(queue, { prefix, connection: { path } }));
    ids.push((await queues.get(queue).add('job', data, options)).id);
  }
  await Promise.all([...queues.values()].map((queue) => queue.close()));
  console.log(JSON.stringify(ids));
}

main();
