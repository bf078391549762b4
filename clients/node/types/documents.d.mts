export type OfRegion = {
    region: string;
    value: number;
    share: number | null;
};
export type OfSector = {
    sector: string;
    value: number;
    share: number | null;
};
export type OfNode = {
    region: string;
    sector: string;
    value: number;
    share: number | null;
};
/**
 * docs/assessment-io.schema.json
 */
export type IoAssessment = {
    model: string;
    version: number;
    kind: "io";
    indicator: string;
    unit: string;
    subject: {
        region: string;
        sector: string;
    };
    direct: number;
    layers: number[];
    upstream: number;
    total: number;
    mean: number | null;
    coverage: number | null;
    residual: number;
    foreign_share: number | null;
    concentration: {
        hhi: number | null;
        nodes_80: number | null;
    };
    by_region: OfRegion[];
    by_sector: OfSector[];
    contributors: OfNode[];
    suppliers: OfNode[];
    paths?: {
        order: number;
        value: number;
        share: number | null;
        nodes: [string, string][];
    }[] | undefined;
    truncated?: true | undefined;
};
/**
 * docs/assessment-score.schema.json
 */
export type ScoreAssessment = {
    model: string;
    version: number;
    kind: "score";
    score?: number | undefined;
    calibrated?: true | undefined;
    scores?: Record<string, number> | undefined;
    margin?: number | number[] | undefined;
    class?: string | undefined;
    probabilities?: Record<string, number> | undefined;
    band?: string | undefined;
    reasons?: {
        code: string;
        feature: string;
        points: number;
    }[] | undefined;
    attribution?: "shap" | undefined;
    base_value?: number | Record<string, number> | undefined;
    contributions?: any;
    inputs: Record<string, any>;
};
/**
 * docs/assessment-origin.schema.json
 */
export type OriginAssessment = {
    model: string;
    version: number;
    kind: "origin";
    agreement: string | null;
    hs: string;
    origin: string;
    destination: string;
    date: string;
    verdict: "qualified" | "not_qualified" | "insufficient_information";
    confidence: number;
    reasons: string[];
    missing: string[];
    trace: Record<string, any>[];
    citations: {
        rule: string;
        text: string;
        article?: string;
        source?: string;
    }[];
    candidates: {
        id: string;
        subdivision: string | null;
        verdict: string;
    }[];
};
/**
 * described by a schema in docs/
 */
export type Document = Record<string, any>;
/**
 * docs/commands/model.info.md
 */
export type Info = {
    kind: "io" | "score" | "origin";
    state: "loading" | "deriving" | "ready" | "failed";
    version: number;
    warnings: string[];
    source: string;
};
export type ModelInfo = Info & Record<string, any>;
/**
 * docs/commands/job.status.md
 */
export type JobStatus = {
    job_id: string;
    job_type: string;
    status: "delayed" | "pending" | "running" | "completed" | "failed" | "cancelled" | "dead";
    priority: "low" | "normal" | "high" | "critical";
    /**
     * percent
     */
    progress: number;
    progress_message: string | null;
    /**
     * Unix time in milliseconds, as the other times
     */
    created_at: number;
    due_at: number | null;
    started_at: number | null;
    completed_at: number | null;
    duration_seconds: number | null;
    attempts: number;
    worker: string | null;
    group: string | null;
    /**
     * 1 or 0
     */
    cancel_requested: number;
    error: string | null;
    traceback?: string | null | undefined;
    result?: string | null | undefined;
    /**
     * JSON
     */
    metadata?: string | null | undefined;
};
