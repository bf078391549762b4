/** redis-assess for Node: assessments, cache, tiers and jobs of a Redis server with the module redis-assess. */

export { Assess, connect } from './assess.mjs';
export { keyOf, part } from './caching.mjs';
export { AssessError, Away, JobFailed, ModelFailed, NoLife, Remembered, TimedOut } from './errors.mjs';
export { Cancelled, GiveUp, Worker } from './worker.mjs';

/**
 * @typedef {import('./documents.mjs').IoAssessment} IoAssessment
 * @typedef {import('./documents.mjs').ScoreAssessment} ScoreAssessment
 * @typedef {import('./documents.mjs').OriginAssessment} OriginAssessment
 * @typedef {import('./documents.mjs').ModelInfo} ModelInfo
 * @typedef {import('./documents.mjs').JobStatus} JobStatus
 * @typedef {import('./cache.mjs').Fetched} Fetched
 * @typedef {import('./worker.mjs').Handler} Handler
 */
