// Whose a request is, what it says, and its body, to be taken once they are let in.

import { authenticate } from "./auth/authenticate.ts";
import { authenticateForm } from "./auth/authenticate-form.ts";
import type { Asker } from "./auth/authorize.ts";
import { FormFile } from "./body/form-file.ts";
import { readForm } from "./body/multipart-form.ts";
import { Payload, readLarge } from "./body/payload.ts";
import type { FormReader, Operation, ServiceContext } from "./operation.ts";
import type { Address } from "./wire/address.ts";
import { formAddress, withFileName } from "./wire/form.ts";
import type { World } from "./world.ts";

export interface Identified {
  address: Address;
  asker: Asker;
  takeBody(): Promise<unknown>;
}

/**
 * Who asks. A form's own fields say so, and what for: they are read first, up to the file, then taken for headers.
 * `readOnce`: a form can be read only once, however often its sender is identified.
 */
export async function identify(
  world: World,
  { body }: Operation,
  request: Request,
  asked: Address,
  readOnce: ServiceContext["once"],
): Promise<Identified> {
  if (body !== undefined && "form" in body) return identifyForm(world, body, request, asked, readOnce);
  const { seal, ...asker } = await authenticate(world, asked);
  const takeBody = async () => {
    if (body === undefined || (request.body === null && !body.required)) return undefined;
    return body.read(new Payload(asked.headers, request.body, seal, body.checksumsAre));
  };
  return { address: asked, asker, takeBody };
}

async function identifyForm(
  world: World,
  body: FormReader<unknown>,
  request: Request,
  asked: Address,
  readOnce: ServiceContext["once"],
): Promise<Identified> {
  const read = () => readForm(asked.headers.get("content-type"), readLarge(request.body));
  const sent = await readOnce(read);
  const fields = withFileName(sent.fields, sent.fileName);
  const address = formAddress(asked, fields);
  const { range, ...asker } = await authenticateForm(world, asked.bucket ?? "", fields);
  const takeBody = async () => body.read({ fields, file: new FormFile(sent.file, address.headers, range) });
  return { address, asker, takeBody };
}
