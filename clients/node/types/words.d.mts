export function word(value: unknown): Word;
export function json(value: unknown): string;
export function encoded(value: unknown): Word;
/** @typedef {(value: any) => Word[]} Rule the words of an option */
/** @type {(name: string) => Rule} */
export const named: (name: string) => Rule;
/** @type {(name: string) => Rule} */
export const flag: (name: string) => Rule;
/** @type {(name: string) => Rule} */
export const yesNo: (name: string) => Rule;
/** @type {(name: string) => Rule} */
export const counted: (name: string) => Rule;
/** @type {(name: string) => Rule} */
export const repeated: (name: string) => Rule;
/** @type {(name: string) => Rule} */
export const document: (name: string) => Rule;
/** @type {(name: string) => Rule} */
export const time: (name: string) => Rule;
export function optionWords(options: object | undefined, rules: Record<string, Rule>): Word[];
export namespace life {
    let ttl: Rule;
    let ttlMs: Rule;
    let expireAt: Rule;
    let keepTtl: Rule;
}
export type Word = string | Buffer;
/**
 * what can be a word of a command
 */
export type Value = string | Buffer | number | bigint;
/**
 * the words of an option
 */
export type Rule = (value: any) => Word[];
/**
 * a time to live; by default that of the tier
 */
export type Life = {
    /**
     * seconds
     */
    ttl?: number | undefined;
    /**
     * milliseconds
     */
    ttlMs?: number | undefined;
    /**
     * a time, as a Date or in Unix milliseconds
     */
    expireAt?: number | Date | undefined;
    /**
     * that of the replaced entry
     */
    keepTtl?: boolean | undefined;
};
