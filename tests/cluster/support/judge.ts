/** Judges a history that a failed test has written down: `npx tsx tests/cluster/support/judge.ts FILE` */
import { readFileSync } from 'node:fs';
import { type History, judgeHistory } from '../../support/history-checker.ts';

interface Recorded {
  seed: number;
  others: string[];
  history: History;
}

const path = process.argv[2];
if (!path) throw new Error('the path of a recorded history is missing');
const { seed, others, history } = JSON.parse(readFileSync(path, 'utf8')) as Recorded;
const violations = judgeHistory(history);
console.log(`seed ${seed}: ${history.attempts.length} attempts, ${history.readers.length} readers`);
for (const { kind, ticket_id, detail } of violations)
  console.log(`${kind} in ${ticket_id}: ${detail}`);
for (const finding of others) console.log(finding);
console.log(`${violations.length + others.length} findings`);
