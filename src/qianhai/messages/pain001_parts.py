"""The parts of pain.001 that versions 03 and 09 share, in the room's own short notation.

Holds data only. One line describes one part: `Part = Element:Part ...` is a sequence, `Part ~ ...`
a choice of one, `Part ! ...` a list of codes. After an element's name `?` is at most one, `*` any
number, `+` at least one, `{n}` at most n. Parts not described here are datatypes (datatypes.py).
"""

from typing import Final

PARTS: Final = """
Code4 ~ Cd:Text4 Prtry:Text35
Code5 ~ Cd:Text5 Prtry:Text35
Code35 ~ Cd:Text35 Prtry:Text35
Authorisation ~ Cd:AuthorisationCode Prtry:Text128
AuthorisationCode ! AUTH FDET FSUM ILEV
PaymentMethod ! CHK TRF TRA
Priority ! HIGH NORM
ChargeBearer ! DEBT CRED SHAR SLEV
CreditDebit ! CRDT DBIT
AddressType ! ADDR PBOX HOME BIZZ MLTO DLVY

AccountId ~ IBAN:Iban Othr:AccountOther
AccountOther = Id:Text34 SchmeNm?:Code4 Issr?:Text35
Other = Id:Text35 SchmeNm?:Code4 Issr?:Text35
PersonId = DtAndPlcOfBirth?:Birth Othr*:Other
Birth = BirthDt:Date PrvcOfBirth?:Text35 CityOfBirth:Text35 CtryOfBirth:Country
ClearingMember = ClrSysId?:Code5 MmbId:Text35
NameAndAddress = Nm:Text140 Adr:Address

AmountChoice ~ InstdAmt:Amount EqvtAmt:Equivalent
Equivalent = Amt:Amount CcyOfTrf:Currency
RateType ! SPOT SALE AGRD
ChequeType ! CCHQ CCCH BCHQ DRFT ELDR
ChequeDelivery ~ Cd:ChequeDeliveryCode Prtry:Text35
ChequeDeliveryCode ! MLDB MLCD MLFA CRDB CRCD CRFA PUDB PUCD PUFA RGDB RGCD RGFA
CreditorAgentInstruction = Cd?:CreditorAgentCode InstrInf?:Text140
CreditorAgentCode ! CHQB HOLD PHOB TELB

RegulatoryReporting = DbtCdtRptgInd?:ReportingSide Authrty?:Authority Dtls*:ReportingDetails
ReportingSide ! CRED DEBT BOTH
Authority = Nm?:Text140 Ctry?:Country
ReportingDetails = Tp?:Text35 Dt?:Date Ctry?:Country Cd?:Text10 Amt?:Amount Inf*:Text35

TaxCreditor = TaxId?:Text35 RegnId?:Text35 TaxTp?:Text35
TaxDebtor = TaxId?:Text35 RegnId?:Text35 TaxTp?:Text35 Authstn?:TaxAuthorisation
TaxAuthorisation = Titl?:Text35 Nm?:Text140
TaxRecord = Tp?:Text35 Ctgy?:Text35 CtgyDtls?:Text35 DbtrSts?:Text35 CertId?:Text35 FrmsCd?:Text35 Prd?:TaxPeriod TaxAmt?:TaxAmount AddtlInf?:Text140
TaxPeriod = Yr?:Date Tp?:TaxPeriodCode FrToDt?:DatePeriod
TaxPeriodCode ! MM01 MM02 MM03 MM04 MM05 MM06 MM07 MM08 MM09 MM10 MM11 MM12 QTR1 QTR2 QTR3 QTR4 HLF1 HLF2
DatePeriod = FrDt:Date ToDt:Date
TaxAmount = Rate?:Rate TaxblBaseAmt?:Amount TtlAmt?:Amount Dtls*:TaxRecordDetails
TaxRecordDetails = Prd?:TaxPeriod Amt:Amount

RemittanceMethod ! FAXI EDIC URID EMAL POST SMSM
Remittance = Ustrd*:Text140 Strd*:Structured
DocumentType = CdOrPrtry:DocumentChoice Issr?:Text35
DocumentChoice ~ Cd:DocumentCode Prtry:Text35
Adjustment = Amt:Amount CdtDbtInd?:CreditDebit Rsn?:Text4 AddtlInf?:Text140
CreditorReference = Tp?:ReferenceType Ref?:Text35
ReferenceType = CdOrPrtry:ReferenceChoice Issr?:Text35
ReferenceChoice ~ Cd:ReferenceCode Prtry:Text35
ReferenceCode ! RADM RPIN FXDR DISP PUOR SCOR
"""  # noqa: E501
