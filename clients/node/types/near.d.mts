export function nearOptions(maxEntries: number): {
    RESP: number;
    clientSideCache: {
        maxEntries: number;
        evictPolicy: string;
    };
    modules: {
        near: {
            get: {
                CACHEABLE: boolean;
                IS_READ_ONLY: boolean;
                parseCommand: (parser: any, key: string) => void;
                transformReply: (reply: any, requested: any) => {
                    value: string;
                    freshUntil: any;
                } | null;
            };
        };
    };
};
export function nearGet(client: any, key: string): Promise<string | null | undefined>;
export type Copy = {
    value: string;
    freshUntil: number;
};
