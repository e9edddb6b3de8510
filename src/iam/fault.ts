// What IAM and STS refuse with: their codes and statuses, their document, and S3's errors in their words.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html

import type { S3Error } from "../wire/error.ts";

const STATUSES = {
  AccessDenied: 403,
  ConcurrentModification: 409,
  DeleteConflict: 409,
  EntityAlreadyExists: 409,
  ExpiredToken: 403,
  ExpiredTokenException: 400,
  IDPCommunicationError: 400,
  IncompleteSignature: 400,
  InternalFailure: 500,
  InvalidAction: 400,
  InvalidClientTokenId: 403,
  InvalidIdentityToken: 400,
  InvalidInput: 400,
  LimitExceeded: 409,
  MalformedPolicyDocument: 400,
  MalformedQueryString: 400,
  MissingAuthenticationToken: 403,
  NoSuchEntity: 404,
  PackedPolicyTooLarge: 400,
  RequestEntityTooLarge: 413,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 403,
  UnmodifiableEntity: 400,
  ValidationError: 400,
} as const;

export type FaultCode = keyof typeof STATUSES;

/** A refusal of IAM's or STS's. */
export class QueryFault extends Error {
  readonly code: FaultCode;
  readonly status: number;

  constructor(code: FaultCode, message: string) {
    super(message);
    this.name = "QueryFault";
    this.code = code;
    this.status = STATUSES[code];
  }
}

const INVALID_KEY = "The security token included in the request is invalid.";
const BAD_SIGNATURE =
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

/** What the rooms that IAM shares with S3 threw, as IAM says it. */
export function asFault(error: S3Error): QueryFault {
  switch (error.code) {
    case "AccessDenied":
      return new QueryFault("MissingAuthenticationToken", "Request is missing Authentication Token");
    case "InvalidAccessKeyId":
    case "InvalidToken":
      return new QueryFault("InvalidClientTokenId", INVALID_KEY);
    case "ExpiredToken":
      return new QueryFault("ExpiredToken", "The security token included in the request is expired");
    case "SignatureDoesNotMatch":
      return new QueryFault("SignatureDoesNotMatch", BAD_SIGNATURE);
    case "RequestTimeTooSkewed":
      return new QueryFault(
        "SignatureDoesNotMatch",
        `Signature expired or not yet current: ${error.elements.RequestTime} is too far from ${error.elements.ServerTime}`,
      );
    case "MaxMessageLengthExceeded":
    case "EntityTooLarge":
      return new QueryFault("RequestEntityTooLarge", "The request is too large.");
    case "SlowDown":
      return new QueryFault("ServiceUnavailable", "The request has failed due to a temporary failure.");
    case "InternalError":
      return new QueryFault(
        "InternalFailure",
        "The request processing has failed because of an unknown error.",
      );
    case "InvalidURI":
      return new QueryFault("MalformedQueryString", "The query string contains a syntax error.");
  }
  return new QueryFault("IncompleteSignature", error.message);
}

/** What is not there. `what` as AWS calls it, e.g. `user`. */
export function noSuchEntity(what: string, name: string): QueryFault {
  return new QueryFault("NoSuchEntity", `The ${what} with name ${name} cannot be found.`);
}

export function limitExceeded(quota: string, most: number): QueryFault {
  return new QueryFault("LimitExceeded", `Cannot exceed quota for ${quota}: ${most}`);
}

export function validationError(problems: readonly string[]): QueryFault {
  const many = problems.length === 1 ? "1 validation error" : `${problems.length} validation errors`;
  return new QueryFault("ValidationError", `${many} detected: ${problems.join("; ")}`);
}
