/** Asks for a list without the objects' bodies, or for the whole list of a server that does not know that form. */
export const METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
