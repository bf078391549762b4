export function nearOptions(maxEntries: number, options: Record<string, any>): {
    RESP: number;
    clientSideCache: {
        maxEntries: number;
        evictPolicy: string;
    };
    modules: any;
};
export function nearGet(client: any, key: string): Promise<string | null | undefined>;
export type Copy = {
    value: string;
    freshUntil: number;
};
