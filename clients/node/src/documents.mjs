/** Types of documents and maps that the server replies. Their fields have the names that the server gives them. */

/**
 * @typedef {{ region: string, value: number, share: number | null }} OfRegion
 * @typedef {{ sector: string, value: number, share: number | null }} OfSector
 * @typedef {{ region: string, sector: string, value: number, share: number | null }} OfNode
 */

/**
 * @typedef {object} IoAssessment docs/assessment-io.schema.json
 * @property {string} model
 * @property {number} version
 * @property {'io'} kind
 * @property {string} indicator
 * @property {string} unit
 * @property {{ region: string, sector: string }} subject
 * @property {number} direct
 * @property {number[]} layers
 * @property {number} upstream
 * @property {number} total
 * @property {number | null} mean
 * @property {number | null} coverage
 * @property {number} residual
 * @property {number | null} foreign_share
 * @property {{ hhi: number | null, nodes_80: number | null }} concentration
 * @property {OfRegion[]} by_region
 * @property {OfSector[]} by_sector
 * @property {OfNode[]} contributors
 * @property {OfNode[]} suppliers
 * @property {{ order: number, value: number, share: number | null, nodes: [string, string][] }[]} [paths]
 * @property {true} [truncated]
 */

/**
 * @typedef {object} ScoreAssessment docs/assessment-score.schema.json
 * @property {string} model
 * @property {number} version
 * @property {'score'} kind
 * @property {number} [score]
 * @property {true} [calibrated]
 * @property {Record<string, number>} [scores]
 * @property {number | number[]} [margin]
 * @property {string} [class]
 * @property {Record<string, number>} [probabilities]
 * @property {string} [band]
 * @property {{ code: string, feature: string, points: number }[]} [reasons]
 * @property {'shap'} [attribution]
 * @property {number | Record<string, number>} [base_value]
 * @property {any} [contributions]
 * @property {Record<string, any>} inputs
 */

/**
 * @typedef {object} OriginAssessment docs/assessment-origin.schema.json
 * @property {string} model
 * @property {number} version
 * @property {'origin'} kind
 * @property {string | null} agreement
 * @property {string} hs
 * @property {string} origin
 * @property {string} destination
 * @property {string} date
 * @property {'qualified' | 'not_qualified' | 'insufficient_information'} verdict
 * @property {number} confidence
 * @property {string[]} reasons
 * @property {string[]} missing
 * @property {Record<string, any>[]} trace
 * @property {{ rule: string, text: string, article?: string, source?: string }[]} citations
 * @property {{ id: string, subdivision: string | null, verdict: string }[]} candidates
 */

/** @typedef {Record<string, any>} Document described by a schema in docs/ */

/**
 * @typedef {object} Info docs/commands/model.info.md
 * @property {'io' | 'score' | 'origin'} kind
 * @property {'loading' | 'deriving' | 'ready' | 'failed'} state
 * @property {number} version
 * @property {string[]} warnings
 * @property {string} source
 */
/** @typedef {Info & Record<string, any>} ModelInfo */

/**
 * @typedef {object} JobStatus docs/commands/job.status.md
 * @property {string} job_id
 * @property {string} job_type
 * @property {'delayed' | 'pending' | 'running' | 'completed' | 'failed' | 'cancelled' | 'dead'} status
 * @property {'low' | 'normal' | 'high' | 'critical'} priority
 * @property {number} progress percent
 * @property {string | null} progress_message
 * @property {number} created_at Unix time in milliseconds, as the other times
 * @property {number | null} due_at
 * @property {number | null} started_at
 * @property {number | null} completed_at
 * @property {number | null} duration_seconds
 * @property {number} attempts
 * @property {string | null} worker
 * @property {string | null} group
 * @property {number} cancel_requested 1 or 0
 * @property {string | null} error
 * @property {string | null} [traceback]
 * @property {string | null} [result]
 * @property {string | null} [metadata] JSON
 */

export {};
