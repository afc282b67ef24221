// The certificates of one cluster, made in memory when it starts: an authority and the server's own.

import Crypto
import SwiftASN1
import X509

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A certificate authority with a fresh P-256 key.
struct CertificateAuthority {
  /// What the server shows to its clients.
  struct Identity {
    let certificatePEM: String
    let keyPEM: String
  }

  let certificatePEM: String
  private let certificate: Certificate
  private let key: Certificate.PrivateKey

  init(cluster: String) throws {
    let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let name = try DistinguishedName {
      CommonName("\(cluster) certificate authority")
    }
    let extensions = try Certificate.Extensions {
      Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
      Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
      SubjectKeyIdentifier(hash: key.publicKey)
    }
    let certificate = try Self.certificate(
      subject: name, issuer: name, publicKey: key.publicKey, issuerKey: key,
      extensions: extensions)
    self.key = key
    self.certificate = certificate
    certificatePEM = try certificate.serializeAsPEM().pemString + "\n"
  }

  /// A certificate for the loopback addresses and the names of the API server inside a cluster.
  func serverIdentity() throws -> Identity {
    let serverKey = P256.Signing.PrivateKey()
    let publicKey = Certificate.PublicKey(serverKey.publicKey)
    let names: [GeneralName] = [
      .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
      .ipAddress(ASN1OctetString(contentBytes: [UInt8](repeating: 0, count: 15) + [1])),
      .dnsName("localhost"), .dnsName("kubernetes"), .dnsName("kubernetes.default"),
      .dnsName("kubernetes.default.svc"),
    ]
    let server = try Self.certificate(
      subject: try DistinguishedName { CommonName("kube-apiserver") },
      issuer: certificate.subject, publicKey: publicKey, issuerKey: key,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        try ExtendedKeyUsage([.serverAuth])
        SubjectAlternativeNames(names)
        SubjectKeyIdentifier(hash: publicKey)
      })
    return Identity(
      certificatePEM: try server.serializeAsPEM().pemString, keyPEM: serverKey.pemRepresentation)
  }

  private static func certificate(
    subject: DistinguishedName, issuer: DistinguishedName, publicKey: Certificate.PublicKey,
    issuerKey: Certificate.PrivateKey, extensions: Certificate.Extensions
  ) throws -> Certificate {
    let hour = 3600.0
    return try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
      // Clocks of client and server may differ a little.
      notValidBefore: Date().addingTimeInterval(-hour),
      notValidAfter: Date().addingTimeInterval(365 * 24 * hour), issuer: issuer, subject: subject,
      signatureAlgorithm: .ecdsaWithSHA256, extensions: extensions, issuerPrivateKey: issuerKey)
  }
}
