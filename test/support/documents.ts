// For every operation whose body is a document: one that it takes, with as much in it as there can be.

const XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
const OWNER = "<Owner><ID>75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a</ID></Owner>";
const GRANTEE =
  '<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee>';
const ACL = `<AccessControlPolicy ${XMLNS}>${OWNER}<AccessControlList><Grant>${GRANTEE}<Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>`;
const TAGGING = `<Tagging ${XMLNS}><TagSet><Tag><Key>kind</Key><Value>c&amp;t</Value></Tag></TagSet></Tagging>`;

/** By the operation's name. */
export const documents: Readonly<Record<string, string>> = {
  CompleteMultipartUpload: `<CompleteMultipartUpload ${XMLNS}><Part><ETag>"0cc175b9c0f1b6a831c399e269772661"</ETag><PartNumber>1</PartNumber><ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part></CompleteMultipartUpload>`,
  CreateBucket: `<CreateBucketConfiguration ${XMLNS}><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>`,
  DeleteObjects: `<Delete ${XMLNS}><Object><Key>a b</Key><VersionId>null</VersionId><ETag>"x"</ETag><Size>5</Size><LastModifiedTime>Thu, 01 Jan 1970 00:00:00 GMT</LastModifiedTime></Object><Quiet>true</Quiet></Delete>`,
  PutBucketAcl: ACL,
  PutBucketCors: `<CORSConfiguration ${XMLNS}><CORSRule><ID>one</ID><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin><AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>5</MaxAgeSeconds></CORSRule></CORSConfiguration>`,
  PutBucketEncryption: `<ServerSideEncryptionConfiguration ${XMLNS}><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>`,
  PutBucketOwnershipControls: `<OwnershipControls ${XMLNS}><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>`,
  PutBucketPolicy:
    '{"Version":"2012-10-17","Statement":[{"Sid":"one","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}',
  PutBucketTagging: TAGGING,
  PutBucketVersioning: `<VersioningConfiguration ${XMLNS}><Status>Enabled</Status><MfaDelete>Disabled</MfaDelete></VersioningConfiguration>`,
  PutObjectAcl: ACL,
  PutObjectLegalHold: `<LegalHold ${XMLNS}><Status>ON</Status></LegalHold>`,
  PutObjectLockConfiguration: `<ObjectLockConfiguration ${XMLNS}><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>`,
  PutObjectRetention: `<Retention ${XMLNS}><Mode>GOVERNANCE</Mode><RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate></Retention>`,
  PutObjectTagging: TAGGING,
  PutPublicAccessBlock: `<PublicAccessBlockConfiguration ${XMLNS}><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>TRUE</IgnorePublicAcls><BlockPublicPolicy>false</BlockPublicPolicy><RestrictPublicBuckets>false</RestrictPublicBuckets></PublicAccessBlockConfiguration>`,
};
