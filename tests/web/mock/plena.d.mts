export default function createMock(): Promise<unknown>;
