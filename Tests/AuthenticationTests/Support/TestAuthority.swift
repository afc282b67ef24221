// Certificate authorities and certificates of the tests, made when they are needed.

import Crypto
import Foundation
import SwiftASN1
import X509

/// An authority with a key of its own.
struct TestAuthority {
  /// A certificate with its key, PEM.
  struct Identity: Sendable {
    let certificate: String
    let key: String
    let serial: [UInt8]
  }

  let pem: String
  private let name: DistinguishedName
  private let key: Certificate.PrivateKey

  init(_ commonName: String = "test authority") throws {
    let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let name = try DistinguishedName { CommonName(commonName) }
    let certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey,
      notValidBefore: .now - 7200, notValidAfter: .now + 86_400, issuer: name, subject: name,
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
        Critical(KeyUsage(keyCertSign: true))
        SubjectKeyIdentifier(hash: key.publicKey)
      }, issuerPrivateKey: key)
    self.key = key
    self.name = name
    pem = try certificate.serializeAsPEM().pemString + "\n"
  }

  /// A certificate for 127.0.0.1 and the names, valid from an hour ago.
  func issue(
    names: [String] = ["localhost"], addresses: [[UInt8]] = [[127, 0, 0, 1]],
    commonName: String = "test", secondsLeft: Double = 3600
  ) throws -> Identity {
    let leaf = P256.Signing.PrivateKey()
    let publicKey = Certificate.PublicKey(leaf.publicKey)
    let serial = Certificate.SerialNumber()
    let alternatives =
      names.map { GeneralName.dnsName($0) }
      + addresses.map { .ipAddress(ASN1OctetString(contentBytes: $0[...])) }
    let certificate = try Certificate(
      version: .v3, serialNumber: serial, publicKey: publicKey,
      notValidBefore: .now - 3600, notValidAfter: .now + secondsLeft, issuer: name,
      subject: try DistinguishedName { CommonName(commonName) },
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        try ExtendedKeyUsage([.serverAuth, .clientAuth])
        SubjectAlternativeNames(alternatives)
      }, issuerPrivateKey: key)
    return Identity(
      certificate: try certificate.serializeAsPEM().pemString + "\n",
      key: leaf.pemRepresentation + "\n", serial: Array(serial.bytes))
  }
}
