"""What only pain.001.001.03 says, in the notation of pain001_parts."""

from typing import Final

PARTS: Final = """
Document = CstmrCdtTrfInitn:Initiation
Initiation = GrpHdr:GroupHeader PmtInf+:Payment
GroupHeader = MsgId:Text35 CreDtTm:DateTime Authstn{2}:Authorisation NbOfTxs:Count CtrlSum?:Sum InitgPty:Party FwdgAgt?:Agent
Payment = PmtInfId:Text35 PmtMtd:PaymentMethod BtchBookg?:Boolean NbOfTxs?:Count CtrlSum?:Sum PmtTpInf?:PaymentType ReqdExctnDt:Date PoolgAdjstmntDt?:Date Dbtr:Party DbtrAcct:Account DbtrAgt:Agent DbtrAgtAcct?:Account UltmtDbtr?:Party ChrgBr?:ChargeBearer ChrgsAcct?:Account ChrgsAcctAgt?:Agent CdtTrfTxInf+:Transaction
PaymentType = InstrPrty?:Priority SvcLvl?:Code4 LclInstrm?:Code35 CtgyPurp?:Code4
Transaction = PmtId:PaymentId PmtTpInf?:PaymentType Amt:AmountChoice XchgRateInf?:ExchangeRate ChrgBr?:ChargeBearer ChqInstr?:Cheque UltmtDbtr?:Party IntrmyAgt1?:Agent IntrmyAgt1Acct?:Account IntrmyAgt2?:Agent IntrmyAgt2Acct?:Account IntrmyAgt3?:Agent IntrmyAgt3Acct?:Account CdtrAgt?:Agent CdtrAgtAcct?:Account Cdtr?:Party CdtrAcct?:Account UltmtCdtr?:Party InstrForCdtrAgt*:CreditorAgentInstruction InstrForDbtrAgt?:Text140 Purp?:Code4 RgltryRptg{10}:RegulatoryReporting Tax?:Tax RltdRmtInf{10}:RemittanceLocation RmtInf?:Remittance
PaymentId = InstrId?:Text35 EndToEndId:Text35
ExchangeRate = XchgRate?:Rate RateTp?:RateType CtrctId?:Text35

Party = Nm?:Text140 PstlAdr?:Address Id?:PartyId CtryOfRes?:Country CtctDtls?:Contact
PartyId ~ OrgId:OrganisationId PrvtId:PersonId
OrganisationId = BICOrBEI?:Bic03 Othr*:Other
Contact = NmPrfx?:NamePrefix Nm?:Text140 PhneNb?:Phone MobNb?:Phone FaxNb?:Phone EmailAdr?:Text2048 Othr?:Text35
NamePrefix ! DOCT MIST MISS MADM
Address = AdrTp?:AddressType Dept?:Text70 SubDept?:Text70 StrtNm?:Text70 BldgNb?:Text16 PstCd?:Text16 TwnNm?:Text35 CtrySubDvsn?:Text35 Ctry?:Country AdrLine{7}:Text70
Account = Id:AccountId Tp?:AccountType Ccy?:Currency Nm?:Text70
AccountType ~ Cd:AccountTypeCode Prtry:Text35
AccountTypeCode ! CASH CHAR COMM TAXE CISH TRAS SACC CACC SVGS ONDP MGLD NREX MOMA LOAN SLRY ODFT
Agent = FinInstnId:Institution BrnchId?:Branch
Institution = BIC?:Bic03 ClrSysMmbId?:ClearingMember Nm?:Text140 PstlAdr?:Address Othr?:Other
Branch = Id?:Text35 Nm?:Text140 PstlAdr?:Address
Cheque = ChqTp?:ChequeType ChqNb?:Text35 ChqFr?:NameAndAddress DlvryMtd?:ChequeDelivery DlvrTo?:NameAndAddress InstrPrty?:Priority ChqMtrtyDt?:Date FrmsCd?:Text35 MemoFld{2}:Text35 RgnlClrZone?:Text35 PrtLctn?:Text35

Tax = Cdtr?:TaxCreditor Dbtr?:TaxDebtor AdmstnZn?:Text35 RefNb?:Text140 Mtd?:Text35 TtlTaxblBaseAmt?:Amount TtlTaxAmt?:Amount Dt?:Date SeqNb?:Number Rcrd*:TaxRecord
RemittanceLocation = RmtId?:Text35 RmtLctnMtd?:RemittanceMethod RmtLctnElctrncAdr?:Text2048 RmtLctnPstlAdr?:NameAndAddress
Structured = RfrdDocInf*:ReferredDocument RfrdDocAmt?:DocumentAmount CdtrRefInf?:CreditorReference Invcr?:Party Invcee?:Party AddtlRmtInf{3}:Text140
ReferredDocument = Tp?:DocumentType Nb?:Text35 RltdDt?:Date
DocumentCode ! MSIN CNFA DNFA CINV CREN DEBN HIRI SBIN CMCN SOAC DISP BOLD VCHR AROI TSUT
DocumentAmount = DuePyblAmt?:Amount DscntApldAmt?:Amount CdtNoteAmt?:Amount TaxAmt?:Amount AdjstmntAmtAndRsn*:Adjustment RmtdAmt?:Amount
"""  # noqa: E501
