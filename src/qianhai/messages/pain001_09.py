"""What only pain.001.001.09 says, in the notation of pain001_parts."""

from typing import Final

PARTS: Final = """
Document = CstmrCdtTrfInitn:Initiation
Initiation = GrpHdr:GroupHeader PmtInf+:Payment SplmtryData*:Supplement
GroupHeader = MsgId:Text35 CreDtTm:DateTime Authstn{2}:Authorisation NbOfTxs:Count CtrlSum?:Sum InitgPty:Party FwdgAgt?:Agent
Payment = PmtInfId:Text35 PmtMtd:PaymentMethod BtchBookg?:Boolean NbOfTxs?:Count CtrlSum?:Sum PmtTpInf?:PaymentType ReqdExctnDt:DayOrTime PoolgAdjstmntDt?:Date Dbtr:Party DbtrAcct:Account DbtrAgt:Agent DbtrAgtAcct?:Account InstrForDbtrAgt?:Text140 UltmtDbtr?:Party ChrgBr?:ChargeBearer ChrgsAcct?:Account ChrgsAcctAgt?:Agent CdtTrfTxInf+:Transaction
PaymentType = InstrPrty?:Priority SvcLvl*:Code4 LclInstrm?:Code35 CtgyPurp?:Code4
DayOrTime ~ Dt:Date DtTm:DateTime
Transaction = PmtId:PaymentId PmtTpInf?:PaymentType Amt:AmountChoice XchgRateInf?:ExchangeRate ChrgBr?:ChargeBearer ChqInstr?:Cheque UltmtDbtr?:Party IntrmyAgt1?:Agent IntrmyAgt1Acct?:Account IntrmyAgt2?:Agent IntrmyAgt2Acct?:Account IntrmyAgt3?:Agent IntrmyAgt3Acct?:Account CdtrAgt?:Agent CdtrAgtAcct?:Account Cdtr?:Party CdtrAcct?:Account UltmtCdtr?:Party InstrForCdtrAgt*:CreditorAgentInstruction InstrForDbtrAgt?:Text140 Purp?:Code4 RgltryRptg{10}:RegulatoryReporting Tax?:Tax RltdRmtInf{10}:RemittanceLocation RmtInf?:Remittance SplmtryData*:Supplement
PaymentId = InstrId?:Text35 EndToEndId:Text35 UETR?:Uetr
ExchangeRate = UnitCcy?:Currency XchgRate?:Rate RateTp?:RateType CtrctId?:Text35
Supplement = PlcAndNm?:Text350 Envlp:Envelope

Party = Nm?:Text140 PstlAdr?:Address Id?:PartyId CtryOfRes?:Country CtctDtls?:Contact
PartyId ~ OrgId:OrganisationId PrvtId:PersonId
OrganisationId = AnyBIC?:Bic LEI?:Lei Othr*:Other
Contact = NmPrfx?:NamePrefix Nm?:Text140 PhneNb?:Phone MobNb?:Phone FaxNb?:Phone EmailAdr?:Text2048 EmailPurp?:Text35 JobTitl?:Text35 Rspnsblty?:Text35 Dept?:Text70 Othr*:OtherContact PrefrdMtd?:ContactMethod
NamePrefix ! DOCT MADM MISS MIST MIKS
OtherContact = ChanlTp:Text4 Id?:Text128
ContactMethod ! LETT MAIL PHON FAXX CELL
Address = AdrTp?:AddressTypeChoice Dept?:Text70 SubDept?:Text70 StrtNm?:Text70 BldgNb?:Text16 BldgNm?:Text35 Flr?:Text70 PstBx?:Text16 Room?:Text70 PstCd?:Text16 TwnNm?:Text35 TwnLctnNm?:Text35 DstrctNm?:Text35 CtrySubDvsn?:Text35 Ctry?:Country AdrLine{7}:Text70
AddressTypeChoice ~ Cd:AddressType Prtry:AddressTypeOther
AddressTypeOther = Id:Alphanumeric4 Issr:Text35 SchmeNm?:Text35
Account = Id:AccountId Tp?:Code4 Ccy?:Currency Nm?:Text70 Prxy?:Proxy
Proxy = Tp?:Code4 Id:Text2048
Agent = FinInstnId:Institution BrnchId?:Branch
Institution = BICFI?:Bic ClrSysMmbId?:ClearingMember LEI?:Lei Nm?:Text140 PstlAdr?:Address Othr?:Other
Branch = Id?:Text35 LEI?:Lei Nm?:Text140 PstlAdr?:Address
Cheque = ChqTp?:ChequeType ChqNb?:Text35 ChqFr?:NameAndAddress DlvryMtd?:ChequeDelivery DlvrTo?:NameAndAddress InstrPrty?:Priority ChqMtrtyDt?:Date FrmsCd?:Text35 MemoFld{2}:Text35 RgnlClrZone?:Text35 PrtLctn?:Text35 Sgntr{5}:Text70

Tax = Cdtr?:TaxCreditor Dbtr?:TaxDebtor AdmstnZone?:Text35 RefNb?:Text140 Mtd?:Text35 TtlTaxblBaseAmt?:Amount TtlTaxAmt?:Amount Dt?:Date SeqNb?:Number Rcrd*:TaxRecord
TaxRemittance = Cdtr?:TaxCreditor Dbtr?:TaxDebtor UltmtDbtr?:TaxDebtor AdmstnZone?:Text35 RefNb?:Text140 Mtd?:Text35 TtlTaxblBaseAmt?:Amount TtlTaxAmt?:Amount Dt?:Date SeqNb?:Number Rcrd*:TaxRecord
RemittanceLocation = RmtId?:Text35 RmtLctnDtls*:RemittanceLocationDetails
RemittanceLocationDetails = Mtd:RemittanceMethod ElctrncAdr?:Text2048 PstlAdr?:NameAndAddress
Structured = RfrdDocInf*:ReferredDocument RfrdDocAmt?:DocumentAmount CdtrRefInf?:CreditorReference Invcr?:Party Invcee?:Party TaxRmt?:TaxRemittance GrnshmtRmt?:Garnishment AddtlRmtInf{3}:Text140
ReferredDocument = Tp?:DocumentType Nb?:Text35 RltdDt?:Date LineDtls*:LineDetails
DocumentCode ! MSIN CNFA DNFA CINV CREN DEBN HIRI SBIN CMCN SOAC DISP BOLD VCHR AROI TSUT PUOR
LineDetails = Id+:LineId Desc?:Text2048 Amt?:DocumentAmount
LineId = Tp?:LineType Nb?:Text35 RltdDt?:Date
LineType = CdOrPrtry:Code4 Issr?:Text35
DocumentAmount = DuePyblAmt?:Amount DscntApldAmt*:TypedAmount CdtNoteAmt?:Amount TaxAmt*:TypedAmount AdjstmntAmtAndRsn*:Adjustment RmtdAmt?:Amount
TypedAmount = Tp?:Code4 Amt:Amount
Garnishment = Tp:GarnishmentType Grnshee?:Party GrnshmtAdmstr?:Party RefNb?:Text140 Dt?:Date RmtdAmt?:Amount FmlyMdclInsrncInd?:Boolean MplyeeTermntnInd?:Boolean
GarnishmentType = CdOrPrtry:Code4 Issr?:Text35
"""  # noqa: E501
